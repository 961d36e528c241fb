// A Document is what every data set yields, every prompt is, and every generation returns: a list
// of segments, each a text or a picture.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "data/image/image.h"

namespace tessera {

using Segment = std::variant<std::string, Image>;

inline const std::string* AsText(const Segment& segment) {
  return std::get_if<std::string>(&segment);
}
inline const Image* AsImage(const Segment& segment) { return std::get_if<Image>(&segment); }

struct Document {
  std::vector<Segment> segments;
  std::set<size_t> unscored = {};  // indices of the segments that are read and not learnt

  bool operator==(const Document&) const = default;
};

}  // namespace tessera
