// Texts that a PNG carries beside its pixels. A drawn picture keeps there how it was drawn.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

struct PngText {
  std::string key;   // 1 to 79 letters of ASCII
  std::string text;  // UTF-8 without a zero byte

  bool operator==(const PngText&) const = default;
};

// Puts the texts behind the header of a PNG, each in a chunk iTXt that is not compressed.
std::string WithTexts(std::string_view png, const std::vector<PngText>& texts);

// Returns what the chunks tEXt and iTXt hold, in their order, without those that are compressed.
// The text of tEXt is taken as it is, which other programs write in Latin-1.
absl::StatusOr<std::vector<PngText>> ReadTexts(std::string_view png);

}  // namespace tessera
