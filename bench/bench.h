// What the benchmarks have in common: models of fixed shapes, and a clock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/model.h"

namespace tessera {

struct Preset {
  int64_t width, layers, heads, kv_heads, ffn, vocabulary, text, side, batch;
};

Preset PresetOf(const std::string& name);

// The shape of SmolLM2-135M, a Llama whose text head is its embedding.
inline constexpr Preset kText = {576, 30, 9, 3, 1536, 49152, 64, 1, 1};

std::shared_ptr<Model> MakeModel(const Preset& preset);

double Milliseconds(const std::function<void()>& work);

struct Summary {
  double median, least;
};

// After three runs that warm up.
Summary Time(int64_t times, const std::function<void()>& work);

std::string Joined(const std::vector<std::string>& words);

// The benchmarks, each of which prints a line. keys: KEY=VALUE of [train] or [generate].
void TimeTraining(const std::string& preset, int64_t steps, const std::vector<std::string>& keys);
void TimeExchange(int64_t times);
void TimeDrawing(const std::string& preset, int64_t times, const std::vector<std::string>& keys);
void TimeReading(const std::string& recipe, int64_t passes, const std::vector<std::string>& keys);
void TimeWriting(int64_t times, const std::vector<std::string>& keys);

}  // namespace tessera
