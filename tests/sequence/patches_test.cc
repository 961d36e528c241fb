#include "sequence/patches.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

namespace tessera {
namespace {

// Each of the 256 codes once, in shuffled order over channels and pixels.
Image EveryCode() {
  Image image{.height = 8, .width = 12, .rgb = {}};
  for (int i = 0; i < 3 * 8 * 12; ++i) {
    image.rgb.push_back(static_cast<uint8_t>(i * 37));
  }
  return image;
}

TEST(Patches, GiveBackEveryCodeInF32AndBf16) {
  const Image image = EveryCode();
  for (const auto type : {torch::kFloat32, torch::kBFloat16, torch::kFloat64}) {
    for (const int64_t patch : {1, 2, 4}) {
      const torch::Tensor patch_ND = Patchify(image, patch).to(type);
      EXPECT_EQ(Unpatchify(patch_ND, {8 / patch, 12 / patch}, patch), image);
    }
  }
}

TEST(Patches, AreOrderedByRowColumnChannel) {
  const Image image = EveryCode();
  const torch::Tensor patch_ND = Patchify(image, 4);
  ASSERT_EQ(patch_ND.sizes(), (torch::IntArrayRef{6, 48}));
  const torch::Tensor pixels_HWC =
      torch::tensor(std::vector<int64_t>(image.rgb.begin(), image.rgb.end())).view({8, 12, 3});
  const torch::Tensor expected_ND =
      pixels_HWC.view({2, 4, 3, 4, 3}).permute({0, 2, 1, 3, 4}).reshape({6, 48});
  EXPECT_TRUE(torch::equal(patch_ND, expected_ND.to(torch::kFloat32) / 127.5f - 1));
}

TEST(Patches, ClampWhatIsOutOfRange) {
  const torch::Tensor patch_ND = torch::tensor({{-3.f, 5.f, 0.f}});
  EXPECT_EQ(Unpatchify(patch_ND, {1, 1}, 1).rgb, (std::vector<uint8_t>{0, 255, 128}));
}

TEST(Patches, RefuseAPictureThatTheyDoNotTile) {
  EXPECT_THROW(Patchify(EveryCode(), 5), c10::Error);
  EXPECT_THROW(Unpatchify(torch::zeros({4, 12}), {2, 3}, 2), c10::Error);
}

}  // namespace
}  // namespace tessera
