#include "analysis/measure/seams.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

// Pixels that depend on the column alone.
Image Columns(const std::vector<uint8_t>& values) {
  Image image{.height = 4, .width = std::ssize(values), .rgb = {}};
  for (int64_t i = 0; i < image.height * image.width; ++i) {
    image.rgb.insert(image.rgb.end(), 3, values[i % image.width]);
  }
  return image;
}

TEST(SeamRatio, IsOneForASlopeAndForNoise) {
  std::vector<uint8_t> slope;
  for (int i = 0; i < 16; ++i) {
    slope.push_back(static_cast<uint8_t>(5 * i));
  }
  // A row of 16 pixels has 3 borders of patches of 4, and as steep ones inside; columns are even.
  const double across_rows = 3. / (3 * 4 + 0 * 16), inside_rows = 12. / (12 * 4 + 3 * 16);
  EXPECT_NEAR(SeamRatio({Columns(slope)}, 4), across_rows / inside_rows, 1e-12);
  EXPECT_NEAR(SeamRatio({NoisePicture(64, 64, 1)}, 8), 1, .03);
}

TEST(SeamRatio, SeesBordersOfPatchesAndNoOthers) {
  const Image image = Columns({0, 1, 0, 1, 11, 10, 11, 10});
  EXPECT_GT(SeamRatio({image}, 4), 10);
  EXPECT_LT(SeamRatio({Columns({0, 1, 11, 10, 11, 10})}, 4), 1) << "the step is inside";
  EXPECT_TRUE(std::isnan(SeamRatio({Columns({3, 3, 3, 3})}, 2)));
}

}  // namespace
}  // namespace tessera
