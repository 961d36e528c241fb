// Heads of a block of two patches that are always alike, or never.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/model/coin.h"

namespace tessera {
namespace {

TEST(JointBlock, OfEveryKindThatHasModesDrawsPatchesAlikeOrOppositeAsTheyWere) {
  for (const HeadKind kind : {HeadKind::kDiffusion, HeadKind::kGmm, HeadKind::kSoftmax256}) {
    const HeadConfig head = {.kind = kind, .width = 64, .depth = 2, .diffusion = {.repeats = 8}};
    const double alike = ShareAlike({BlockHead::kJoint, head, 1000}, true);
    const double opposite = ShareAlike({BlockHead::kJoint, head, 1000}, false);
    const double independent = ShareAlike({BlockHead::kIndependent, head, 1000}, true);
    std::cout << EnumName(kind) << ": alike " << alike << ", opposite " << opposite
              << ", independent " << independent << "\n";
    EXPECT_GT(alike, .95) << EnumName(kind);
    EXPECT_LT(opposite, .05) << EnumName(kind);
    EXPECT_NEAR(independent, .5, .12) << EnumName(kind);
  }
}

}  // namespace
}  // namespace tessera
