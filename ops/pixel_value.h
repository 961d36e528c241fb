// 8-bit pixel values as numbers: the value u = 0 .. 255 stands at x = u / 127.5 - 1 in [-1, 1].
#pragma once

#include <cstdint>

namespace tessera {

constexpr double kPixelsPerUnit = 127.5;
constexpr int64_t kPixelValues = 256;
constexpr double kHalfBin = .5 / kPixelsPerUnit;  // half the distance of two pixel values, in x

// One pixel value as a number, computed in the type Number.
template <class Number>
constexpr Number FromPixelValue(uint8_t value) {
  return static_cast<Number>(value) / static_cast<Number>(kPixelsPerUnit) - 1;
}

}  // namespace tessera
