// One channel of a transparent pixel over white.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tessera {

inline uint8_t OverWhite(int colour, int alpha) {
  return static_cast<uint8_t>(255 - alpha + (colour * alpha + 127) / 255);
}

// A premultiplied ("associated") colour has been scaled by its alpha already.
inline uint8_t PremultipliedOverWhite(int colour, int alpha) {
  return static_cast<uint8_t>(std::min(255 - alpha + colour, 255));
}

// A row or a picture of `count` pixels of R, G, B, A.
inline void RgbaOverWhite(const uint8_t* rgba, int64_t count, uint8_t* rgb) {
  for (int64_t i = 0; i < count; ++i, rgba += 4, rgb += 3) {
    for (int c = 0; c < 3; ++c) {
      rgb[c] = rgba[3] == 255 ? rgba[c] : OverWhite(rgba[c], rgba[3]);
    }
  }
}

}  // namespace tessera
