#include "analysis/measure/seams.h"

#include <cmath>
#include <cstdlib>

namespace tessera {
namespace {

// Differences of neighbours, and how many.
struct Differences {
  double sum = 0, count = 0;

  void Add(uint8_t a, uint8_t b) {
    sum += std::abs(int{a} - int{b});
    ++count;
  }
  double Mean() const { return sum / count; }
};

}  // namespace

double SeamRatio(const std::vector<Image>& images, int64_t patch) {
  Differences across, inside;
  for (const Image& image : images) {
    const int64_t row = 3 * image.width;
    for (int64_t y = 0; y < image.height; ++y) {
      for (int64_t x = 0; x < image.width; ++x) {
        for (int64_t i = y * row + 3 * x; i < y * row + 3 * x + 3; ++i) {
          if (x + 1 < image.width) {
            ((x + 1) % patch == 0 ? across : inside).Add(image.rgb[i], image.rgb[i + 3]);
          }
          if (y + 1 < image.height) {
            ((y + 1) % patch == 0 ? across : inside).Add(image.rgb[i], image.rgb[i + row]);
          }
        }
      }
    }
  }
  return inside.sum > 0 ? across.Mean() / inside.Mean() : NAN;
}

}  // namespace tessera
