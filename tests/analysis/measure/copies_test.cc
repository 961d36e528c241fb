#include "analysis/measure/copies.h"

#include <gtest/gtest.h>

#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

std::vector<Image> Pictures(int64_t count, uint64_t seed) {
  std::vector<Image> images;
  for (int64_t i = 0; i < count; ++i) {
    images.push_back(NoisePicture(4, 4, seed + static_cast<uint64_t>(i)));
  }
  return images;
}

TEST(ShareOfCopies, IsOneOfTrainingPicturesAndAHundredthOfUnseenOnes) {
  const std::vector<Image> training = Pictures(3000, 0), unseen = Pictures(1000, 5000);
  EXPECT_EQ(ShareOfCopies(Pictures(100, 0), unseen, training), 1);
  EXPECT_NEAR(ShareOfCopies(unseen, unseen, training), .01, .001);
  EXPECT_NEAR(ShareOfCopies(Pictures(1000, 9000), unseen, training), .01, .01);
}

TEST(ShareOfCopies, CountsEachCopyWithItsSmallChanges) {
  const std::vector<Image> training = Pictures(500, 0), unseen = Pictures(200, 5000);
  std::vector<Image> drawn = Pictures(30, 9000);
  for (int64_t i = 0; i < 10; ++i) {
    drawn[i] = training[40 + i];
    drawn[i].rgb[7] ^= 8;
  }
  EXPECT_NEAR(ShareOfCopies(drawn, unseen, training), 10. / 30, 1e-9);
}

}  // namespace
}  // namespace tessera
