#include "heads/diffusion/backbone_denoiser.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heads/sampler/sampler.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kDim = 3;
constexpr double kSpread = .4, kMean = .2;

at::Generator Rng(uint64_t seed) { return MakeGenerator(torch::kCPU, seed, Stream::kTest, 0); }

// The map that shows the states as they are.
std::shared_ptr<BackboneDenoiser> Identity(const HeadConfig& config) {
  auto denoiser = std::make_shared<BackboneDenoiser>(config, kDim, kDim);
  const torch::NoGradGuard no_grad;
  denoiser->named_parameters()["output.weight"].copy_(at::eye(kDim));
  return denoiser;
}

// E[x | x_t] of patches N(mean, spread^2) at flow time t: what a perfect backbone's states show.
Tensor Clean(const Tensor& x, const Tensor& t) {
  const double square = kSpread * kSpread;
  return kMean + (x - t * kMean) * (t * square / (t * t * square + (1 - t) * (1 - t)));
}

Conditions GuideOf(const std::vector<double>& weights, int64_t patches) {
  Conditions guide;
  for (const double weight : weights) {
    guide.guidance.push_back({at::zeros({patches, 0}), at::full({patches, 1}, weight)});
  }
  return guide;
}

Tensor Drawn(BackboneDenoiser& denoiser, const BackboneDenoiser::GuidedStates& states,
             const Conditions& guide, const SamplerConfig& sampler = {}) {
  std::vector<at::Generator> rngs;
  for (int64_t n = 0; n < guide.guidance.front().weight_N1.size(0); ++n) {
    rngs.push_back(Rng(static_cast<uint64_t>(n)));
  }
  return denoiser.Sample(states, guide, sampler, rngs);
}

TEST(BackboneDenoiser, DrawsGaussianPatchesFromTheirPerfectStates) {
  const auto denoiser = Identity({});
  const BackboneDenoiser::GuidedStates states = [](const Tensor& x_ND, double tau) {
    return Clean(x_ND, at::full({}, tau / 1000)).unsqueeze(0);
  };
  const Tensor x_ND =
      Drawn(*denoiser, states, GuideOf({1}, 4000), {.steps = 40, .trained_share = 1});
  EXPECT_NEAR(x_ND.mean().item<double>(), kMean, .015);
  EXPECT_NEAR(x_ND.std().item<double>(), kSpread, .012);
}

// With prediction and loss in x at fixed times, the least loss is the variance of x given x_t.
TEST(BackboneDenoiser, ThePerfectStatesHaveTheLossThatTheNoiseLeaves) {
  DiffusionConfig config{.prediction = Prediction::kX, .loss = Prediction::kX, .repeats = 4};
  config.time_mean = 0;
  config.time_sd = 0;  // t = 1/2
  const auto denoiser = Identity({.diffusion = config});
  const Tensor x_ND = kMean + kSpread * at::randn({20000, kDim}, Rng(1));
  const auto states = [](const Tensor& noisy_KND, const Tensor& tau_KN) {
    return Clean(noisy_KND, tau_KN.unsqueeze(-1) / 1000);
  };
  const Tensor own_N = at::arange(20000);
  const double left = 1 / (1 / (kSpread * kSpread) + 1);  // alpha = sigma = 1/2
  EXPECT_NEAR(denoiser->Loss(states, x_ND, own_N, Rng(2)).mean.item<double>(), left, .002);
}

TEST(BackboneDenoiser, PatchesOfAPictureCarryNoiseOfOneLevel) {
  const auto denoiser = Identity({.diffusion = {.repeats = 3}});
  const Tensor level_N = torch::tensor({0, 0, 0, 1, 1, 2}, torch::kLong);
  const auto states = [&](const Tensor& noisy_KND, const Tensor& tau_KN) {
    EXPECT_TRUE(torch::equal(tau_KN.select(1, 0), tau_KN.select(1, 2)));
    EXPECT_TRUE(torch::equal(tau_KN.select(1, 3), tau_KN.select(1, 4)));
    EXPECT_TRUE((tau_KN.select(1, 0) != tau_KN.select(1, 3)).all().item<bool>());
    EXPECT_FALSE(torch::equal(noisy_KND.select(1, 0), noisy_KND.select(1, 1)));
    return noisy_KND;
  };
  denoiser->Loss(states, at::zeros({6, kDim}), level_N, Rng(1));
}

TEST(BackboneDenoiser, WeighsTheStatesOfConditionsInsideTheInterval) {
  const auto denoiser = Identity({});
  const auto one = [](const Tensor& x_ND, double) { return (x_ND * .3 + .1).unsqueeze(0); };
  const auto two = [](const Tensor& x_ND, double) {
    return at::stack({x_ND * .3 + .1, x_ND * .1 - .2});
  };
  const auto sum = [](const Tensor& x_ND, double) {
    return (2 * (x_ND * .3 + .1) - (x_ND * .1 - .2)).unsqueeze(0);
  };
  Conditions guide = GuideOf({2, -1}, 5);
  EXPECT_TRUE(torch::allclose(Drawn(*denoiser, two, guide), Drawn(*denoiser, sum, GuideOf({1}, 5)),
                              1e-4, 1e-5));
  guide.guided_from = guide.guided_to = 2;  // never
  EXPECT_TRUE(torch::allclose(Drawn(*denoiser, two, guide), Drawn(*denoiser, one, GuideOf({1}, 5)),
                              1e-4, 1e-5));
}

TEST(BackboneDenoiser, DrawsWithEverySamplerOfItsScheduleAndEveryPrediction) {
  for (const auto schedule : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
    for (const auto prediction : {Prediction::kX, Prediction::kEpsilon, Prediction::kV}) {
      for (size_t kind = 0; kind < EnumNames(SamplerKind{}).size(); ++kind) {
        const HeadConfig head{.diffusion = {.prediction = prediction, .schedule = schedule}};
        const SamplerConfig sampler{.kind = static_cast<SamplerKind>(kind), .steps = 3};
        if (sampler.kind == SamplerKind::kAmed || !SamplerProblem(head, sampler).empty()) {
          continue;
        }
        const auto states = [](const Tensor& x_ND, double) { return (x_ND * .2).unsqueeze(0); };
        const Tensor x_ND = Drawn(*Identity(head), states, GuideOf({1}, 2), sampler);
        EXPECT_TRUE(x_ND.isfinite().all().item<bool>()) << EnumName(sampler.kind);
      }
    }
  }
}

}  // namespace
}  // namespace tessera
