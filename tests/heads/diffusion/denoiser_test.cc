#include "heads/diffusion/denoiser.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ops/random.h"

namespace tessera {
namespace {

// A network whose every weight matters: the initial zeros are replaced.
Denoiser RandomDenoiser(const DenoiserShape& shape) {
  torch::manual_seed(1);
  const torch::NoGradGuard no_grad;
  Denoiser denoiser(shape);
  for (auto& parameter : denoiser->parameters()) {
    parameter.normal_(0, .2);
  }
  denoiser->to(torch::kDouble);
  return denoiser;
}

const DenoiserShape kShape{
    .width = 16, .depth = 2, .patch_dim = 5, .condition_dim = 7, .output_dim = 5};

Tensor Randn(at::IntArrayRef shape, uint64_t item = 0) {
  return torch::randn(shape, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item), torch::kDouble);
}

TEST(Denoiser, StartsAtZeroWithTheIdentityInItsBlocks) {
  Denoiser denoiser(kShape);
  const Tensor y = denoiser(torch::randn({3, 5}), torch::tensor({0., 500., 999.}).to(torch::kFloat),
                            torch::randn({3, 7}));
  EXPECT_TRUE(torch::equal(y, torch::zeros({3, 5})));
}

// Specification 6.1: d * 5 W^2 + 3 W^2 + W (2 D + Z + 256), and the paper's 21 M.
TEST(Denoiser, HasThePapersNumberOfWeights) {
  const Denoiser denoiser(DenoiserShape{
      .width = 1024, .depth = 3, .patch_dim = 16, .condition_dim = 1024, .output_dim = 16});
  int64_t count = 0;
  for (const auto& parameter : denoiser->parameters()) {
    count += parameter.dim() == 2 ? parameter.numel() : 0;
  }
  EXPECT_EQ(count, 18 * 1024 * 1024 + 1024 * (2 * 16 + 1024 + 256));
}

TEST(Denoiser, RepeatsOfAPatchShareItsCondition) {
  Denoiser denoiser = RandomDenoiser(kShape);
  const Tensor x_KND = Randn({3, 4, 5}), tau_KN = 1000 * Randn({3, 4}, 1).sigmoid();
  const Tensor z_NZ = Randn({4, 7}, 2);
  const Tensor together = denoiser(x_KND, tau_KN, z_NZ);
  for (int64_t k = 0; k < 3; ++k) {
    EXPECT_TRUE(at::allclose(together[k], denoiser(x_KND[k], tau_KN[k], z_NZ), 1e-12, 1e-12));
  }
}

TEST(Denoiser, PreparedModulationGivesWhatForwardGives) {
  Denoiser denoiser = RandomDenoiser(kShape);
  const Tensor x_ND = Randn({4, 5}), z_BNZ = Randn({2, 4, 7}, 1);
  const Tensor tau_S = torch::tensor({0., 12.5, 400., 999.}, torch::kDouble);
  PreparedModulation prepared(denoiser, tau_S, z_BNZ);
  for (const int64_t level : {0, 1, 3, 2}) {
    const Tensor fast = denoiser->Denoise(x_ND, prepared.At(level));
    for (int64_t b = 0; b < 2; ++b) {
      const Tensor slow = denoiser(x_ND, tau_S[level].expand({4}), z_BNZ[b]);
      EXPECT_TRUE(at::allclose(fast[b], slow, 1e-12, 1e-12)) << level << " " << b;
    }
  }
}

// Many conditions make a chunk of levels too large to be prepared at once.
TEST(Denoiser, PreparesInChunksOfLevels) {
  const DenoiserShape shape{
      .width = 64, .depth = 1, .patch_dim = 2, .condition_dim = 2, .output_dim = 2};
  const torch::NoGradGuard no_grad;
  Denoiser denoiser = RandomDenoiser(shape);
  const int64_t patches = 6000;  // 6000 * 5 * 64 numbers a level: 2 levels a chunk
  const Tensor z_BNZ = Randn({1, patches, 2});
  const Tensor tau_S = torch::linspace(0, 900, 5, torch::kDouble);
  PreparedModulation prepared(denoiser, tau_S, z_BNZ);
  for (int64_t level = 0; level < 5; ++level) {
    const Tensor alone =
        denoiser->Modulate(denoiser->EmbedTime(tau_S[level]) + denoiser->EmbedCondition(z_BNZ));
    EXPECT_TRUE(at::allclose(prepared.At(level), alone, 1e-12, 1e-12)) << level;
  }
}

}  // namespace
}  // namespace tessera
