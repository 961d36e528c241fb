// "Did you mean": the candidate that a mistyped word most likely meant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tessera {

// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other
// (optimal string alignment distance); letters that differ only in case are equal.
int64_t EditDistance(std::string_view a, std::string_view b);

// The candidate at the smallest distance, the first of equals; empty if there are none.
std::string Nearest(std::string_view word, std::span<const std::string> candidates);

// The nearest that is the word and an ending, "shapes.toml" for "shapes"; else the nearest of all
// if at most a third of the letters differ; else empty: for names, of which none need be what was
// meant.
std::string Similar(std::string_view word, std::span<const std::string> candidates);

}  // namespace tessera
