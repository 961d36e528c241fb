// Drawings under pixel noise, and how many of them the oracle reads.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>

#include "data/shapes/draw.h"
#include "data/shapes/scene_check.h"
#include "data/shapes/shapes.h"

namespace tessera {

// Clipped to 8 bits.
inline Image WithNoise(Image image, double deviation, std::mt19937& rng) {
  std::normal_distribution<double> noise(0, deviation);
  for (uint8_t& value : image.rgb) {
    value = static_cast<uint8_t>(std::clamp(std::round(value + noise(rng)), 0.0, 255.0));
  }
  return image;
}

// The share of drawings, with noise, that are read as what they are by both methods.
inline double ShareRight(int64_t side, int64_t count, double deviation) {
  const SceneChecker checker(side);
  std::mt19937 rng(1);
  double right = 0;
  for (int64_t i = 0; i < count; ++i) {
    const Split split = i % 4 == 0 ? Split::kHeldOut : Split::kTest;
    const Scene scene = DrawStory({}, split, i).scenes.front();
    const Image image = WithNoise(Draw(scene, side), deviation, rng);
    const auto read = *checker.ReadScene(image);
    right += checker.CheckScene(image, scene.described)->right() && read &&
             SameScene(*read, scene.described);
  }
  return right / static_cast<double>(count);
}

}  // namespace tessera
