// The head's answer at any sigma, which amed asks for, against its answer at levels of a list.
#include "heads/diffusion/guided_network.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "heads/diffusion/mlp_head.h"
#include "heads/sampler/amed.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kConditionDim = 4, kPatchDim = 3;

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

Tensor Randn(at::IntArrayRef shape, uint64_t item) {
  return torch::randn(shape, Rng(item), torch::kDouble);
}

struct HeadCase {
  std::string name;
  std::shared_ptr<ImageHead> head;  // in double, every weight drawn
};

std::vector<HeadCase> EveryPrediction() {
  const torch::NoGradGuard no_grad;
  std::vector<HeadCase> all;
  for (const auto prediction : {Prediction::kX, Prediction::kEpsilon, Prediction::kV}) {
    for (const auto schedule : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
      const HeadConfig config{
          .width = 8, .depth = 1, .diffusion = {.prediction = prediction, .schedule = schedule}};
      const auto head = MakeImageHead(config, kConditionDim, kPatchDim);
      at::Generator rng = Rng(99);
      for (Tensor& parameter : head->parameters()) {
        parameter.normal_(0, .3, rng);
      }
      head->to(torch::kDouble);
      all.push_back(
          {std::string(EnumName(prediction)) + " on " + std::string(EnumName(schedule)), head});
    }
  }
  return all;
}

Conditions Guided(double from) {
  const Tensor with_NZ = Randn({3, kConditionDim}, 0), without_NZ = Randn({3, kConditionDim}, 1);
  return {{{with_NZ, torch::full({3, 1}, 3.)}, {without_NZ, torch::full({3, 1}, -2.)}}, from, 1};
}

// Untrained, amed is dpm-solver-2; but it asks for levels patch by patch, not from a list.
TEST(GuidedNetwork, AtLevelsOfEachPatchIsThatOfAListOfLevels) {
  const auto amed = std::make_shared<AmedPredictor>(AmedConfig{}, kPatchDim);
  amed->to(torch::kDouble);
  for (const HeadCase& one : EveryPrediction()) {
    for (const double guided_from : {0., .5}) {
      const auto sample = [&](SamplerKind kind) {
        std::vector<at::Generator> rngs = {Rng(10), Rng(11), Rng(12)};
        const SamplerConfig sampler{.kind = kind,
                                    .steps = 3,
                                    .sigma_max = 5,
                                    .sigma_min = .1,
                                    .trained_share = 1};  // amed asks about all noise
        return one.head->Sample(Guided(guided_from), {sampler, amed}, rngs);
      };
      const Tensor amed_ND = sample(SamplerKind::kAmed);
      EXPECT_TRUE(at::allclose(amed_ND, sample(SamplerKind::kDpmSolver2), 1e-7, 1e-7)) << one.name;
    }
  }
}

TEST(GuidedNetwork, CleanPatchIsDifferentiableInPatchAndNoise) {
  for (const HeadCase& one : EveryPrediction()) {
    const CleanAt clean_at = CleanUnder(*one.head, Guided(0));
    const Tensor y_ND = Randn({3, kPatchDim}, 5).requires_grad_();
    const Tensor sigma_N1 = torch::tensor({{.5}, {2.}, {9.}}, torch::kDouble).requires_grad_();
    const Tensor toward_ND = Randn({3, kPatchDim}, 6), louder_N1 = Randn({3, 1}, 7) / 10;
    const auto gradient = torch::autograd::grad({clean_at(y_ND, sigma_N1).sum()}, {y_ND, sigma_N1});
    const double slope =
        ((gradient[0] * toward_ND).sum() + (gradient[1] * louder_N1).sum()).item<double>();
    const auto along = [&](double step) {
      const torch::NoGradGuard no_grad;
      return clean_at(y_ND + step * toward_ND, sigma_N1 + step * louder_N1).sum().item<double>();
    };
    EXPECT_NEAR(slope / ((along(1e-6) - along(-1e-6)) / 2e-6), 1, 1e-5) << one.name;
  }
}

}  // namespace
}  // namespace tessera
