#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "heads/image_head.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kDim = 4;

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

// Condition 0: patches around (.8, .8, 0, 0) and its negative, alike likely; condition 1: around
// (0, 0, .8, .8) and its negative, the first three times as likely.
Tensor DrawPatches(const Tensor& condition_N, at::Generator rng) {
  const int64_t count = condition_N.size(0);
  const Tensor share_N = .5 + .25 * condition_N;
  const Tensor sign_N1 = (torch::rand({count}, rng) < share_N).unsqueeze(1) * 2 - 1;
  const Tensor direction_ND =
      torch::tensor({{.8f, .8f, 0.f, 0.f}, {0.f, 0.f, .8f, .8f}}).index({condition_N});
  return sign_N1 * direction_ND + .05 * torch::randn({count, kDim}, rng);
}

std::shared_ptr<ImageHead> Fit(const Tensor& embedding_CZ) {
  torch::manual_seed(1);
  const auto head = MakeImageHead({.width = 64, .depth = 2, .diffusion = {.repeats = 4}}, 2, kDim);
  torch::optim::Adam optimizer(head->parameters(), 2e-3);
  for (uint64_t step = 0; step < 800; ++step) {
    at::Generator rng = Rng(step);
    const Tensor condition_N = torch::randint(2, {128}, rng);
    const Tensor z_NZ = embedding_CZ.index({condition_N});
    optimizer.zero_grad();
    head->Loss(z_NZ, DrawPatches(condition_N, rng), rng).mean.backward();
    optimizer.step();
  }
  return head;
}

// A head trained on the mean squared error alone would answer with the mean of both modes.
TEST(ToyFit, ReproducesBothModesOfEachCondition) {
  const Tensor embedding_CZ = torch::eye(2);
  const auto head = Fit(embedding_CZ);
  for (const int64_t condition : {0, 1}) {
    const int64_t count = 512;
    std::vector<at::Generator> rngs;
    for (int64_t i = 0; i < count; ++i) {
      rngs.push_back(Rng(static_cast<uint64_t>(10'000 + i)));
    }
    const Tensor z_NZ = embedding_CZ.slice(0, condition, condition + 1).expand({count, 2});
    const Tensor x_ND = head->Sample({{{z_NZ, torch::ones({count, 1})}}}, {}, rngs);
    const Tensor own_N = x_ND.slice(1, 2 * condition, 2 * condition + 2).mean(1);
    const Tensor other_N = x_ND.slice(1, 2 - 2 * condition, 4 - 2 * condition).mean(1);
    EXPECT_NEAR((own_N > 0).to(torch::kFloat).mean().item<double>(), .5 + .25 * condition, .1);
    EXPECT_GT(((own_N.abs() - .8).abs() < .2).to(torch::kFloat).mean().item<double>(), .95);
    EXPECT_GT((other_N.abs() < .2).to(torch::kFloat).mean().item<double>(), .95);
    EXPECT_NEAR(own_N.abs().mean().item<double>(), .8, .03);
  }
}

}  // namespace
}  // namespace tessera
