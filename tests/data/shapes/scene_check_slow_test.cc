#include <gtest/gtest.h>

#include "tests/data/shapes/noisy_scenes.h"

namespace tessera {
namespace {

TEST(SceneChecker, ReadsAtLeast999Of1000In10000TrueDrawings) {
  for (const int64_t side : {16, 32, 64, 128}) {
    EXPECT_GE(ShareRight(side, 10000, 0), 0.999) << side;
  }
}

TEST(SceneChecker, ReadsAtLeast98Of100In10000DrawingsUnderNoise) {
  for (const int64_t side : {16, 32, 64, 128}) {
    EXPECT_GE(ShareRight(side, 10000, 20), 0.98) << side;
  }
}

}  // namespace
}  // namespace tessera
