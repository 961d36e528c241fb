// A picture in memory, and how it is brought to another aspect.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace tessera {

// 8-bit RGB, rows from the top, channels interleaved: rgb[(y * width + x) * 3 + channel].
struct Image {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> rgb;

  bool operator==(const Image&) const = default;
};

enum class Fit { kCover, kContain, kStretch };
constexpr auto EnumNames(Fit) { return std::array{"cover", "contain", "stretch"}; }

}  // namespace tessera
