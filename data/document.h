// A Document is what every data set yields, every prompt is, and every generation returns: a list
// of segments, each a text or a picture.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace tessera {

// 8-bit RGB, rows from the top, channels interleaved: rgb[(y * width + x) * 3 + channel].
struct Image {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> rgb;

  bool operator==(const Image&) const = default;
};

using Segment = std::variant<std::string, Image>;

inline const std::string* AsText(const Segment& segment) {
  return std::get_if<std::string>(&segment);
}
inline const Image* AsImage(const Segment& segment) { return std::get_if<Image>(&segment); }

struct Document {
  std::vector<Segment> segments;

  bool operator==(const Document&) const = default;
};

}  // namespace tessera
