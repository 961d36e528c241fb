#include "heads/trunk.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ops/random.h"

namespace tessera {
namespace {

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

// In double, with random weights everywhere.
ScalarTrunk RandomTrunk(int64_t patch_dim) {
  const torch::NoGradGuard no_grad;
  ScalarTrunk trunk(TrunkShape{.width = 8, .depth = 2, .condition_dim = 4, .outputs = 3},
                    patch_dim);
  trunk->to(torch::kDouble);
  at::Generator rng = Rng(1);
  for (auto& parameter : trunk->parameters()) {
    parameter.normal_(0, .3, rng);
  }
  return trunk;
}

TEST(Trunk, PutsOutZeroBeforeTraining) {
  Trunk trunk(TrunkShape{.width = 8, .depth = 2, .condition_dim = 4, .outputs = 3});
  EXPECT_TRUE(torch::equal(trunk(torch::randn({5, 4})), torch::zeros({5, 3})));
}

TEST(ScalarTrunk, KnowsTheNumbersBeforeAndNoOthers) {
  constexpr int64_t dim = 5;
  const torch::NoGradGuard no_grad;
  ScalarTrunk trunk = RandomTrunk(dim);
  const Tensor z_NZ = torch::randn({2, 4}, Rng(2), torch::kDouble);
  const Tensor x_ND = torch::rand({2, dim}, Rng(3), torch::kDouble);
  const Tensor before_NDO = trunk(z_NZ, x_ND);
  for (int64_t j = 0; j < dim; ++j) {
    Tensor changed_ND = x_ND.clone();
    changed_ND.select(1, j) += .25;
    const Tensor after_NDO = trunk(z_NZ, changed_ND);
    EXPECT_TRUE(torch::equal(after_NDO.slice(1, 0, j + 1), before_NDO.slice(1, 0, j + 1))) << j;
    for (int64_t later = j + 1; later < dim; ++later) {
      EXPECT_FALSE(at::allclose(after_NDO.select(1, later), before_NDO.select(1, later))) << j;
    }
  }
}

TEST(ScalarTrunk, PassesThroughWhatItSaysAtOnce) {
  constexpr int64_t dim = 5;
  const torch::NoGradGuard no_grad;
  ScalarTrunk trunk = RandomTrunk(dim);
  const Tensor z_BNZ = torch::randn({2, 3, 4}, Rng(2), torch::kDouble);
  const Tensor x_ND = torch::rand({3, dim}, Rng(3), torch::kDouble);
  ScalarTrunkImpl::Pass pass(*trunk, z_BNZ);
  for (int64_t j = 0; j < dim; ++j) {
    const Tensor step_BNO = pass.Parameters();
    for (int64_t b = 0; b < 2; ++b) {
      EXPECT_TRUE(at::allclose(step_BNO[b], trunk(z_BNZ[b], x_ND).select(1, j), 0, 1e-12)) << j;
    }
    pass.Append(x_ND.select(1, j));
  }
}

}  // namespace
}  // namespace tessera
