// Draws scenes: anti-aliased, at any square size, a pure function of the scene.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/document.h"
#include "data/shapes/scene.h"

namespace tessera {

using Rgb = std::array<uint8_t, 3>;

Rgb RgbOf(Colour colour);
Rgb RgbOf(Background background);

// Half the extent of an object, as a share of the picture.
double Radius(Size size);

// The part of each pixel that an object covers: alpha in [0, 1] over a box of pixels.
struct Coverage {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
  std::vector<float> alpha;  // [height * width]
};

Coverage Cover(const Object& object, Jitter jitter, int64_t pixels);

// pixels: side of the picture, 16 to 128.
Image Draw(const Scene& scene, int64_t pixels);

}  // namespace tessera
