// Fourier against mixtures at 60 numbers each, on a density of 25 narrow Gaussians (as in De la
// Fuente et al. 2024, "Fourier basis density model").
// S = fits from different starts, N = draws of a step, K = components, G = grid.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <iostream>
#include <numbers>

#include "heads/density/fourier_density.h"
#include "heads/density/gaussian_mixture.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kFits = 3, kDraws = 128, kSteps = 8000;
constexpr double kHalfPeriod = .65;

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

GaussianMixture Target() {
  constexpr int64_t count = 25;
  at::Generator rng = Rng(0);
  const Tensor mean_K = -.5 + .8 * torch::rand({count}, rng, torch::kDouble);
  const Tensor sd_K = (.25 + .1 * torch::rand({count}, rng, torch::kDouble)) * 10 / (6 * count);
  return {torch::full({1, count, 1}, -std::log(count), torch::kDouble), mean_K.view({1, count, 1}),
          sd_K.view({1, count, 1})};
}

Tensor DrawTarget(const GaussianMixture& target, at::IntArrayRef shape, at::Generator rng) {
  const Tensor component = torch::randint(target.mean_NKD.size(1), shape, rng);
  return target.mean_NKD.flatten().index({component}) +
         target.sd_NKD.flatten().index({component}) * torch::randn(shape, rng, torch::kDouble);
}

// log p of S densities at [S, N].
using LogDensities = std::function<Tensor(const Tensor& x_SN)>;

// Nats from the target to each of the densities after a fit, [S].
Tensor Divergence(const std::vector<Tensor>& parameters, double lr, const LogDensities& log_p) {
  const GaussianMixture target = Target();
  torch::optim::Adam adam(parameters, lr);
  for (int64_t step = 0; step < kSteps; ++step) {
    const Tensor x_SN = DrawTarget(target, {kFits, kDraws}, Rng(1 + step));
    const double left = 1 - static_cast<double>(step) / kSteps;
    adam.param_groups()[0].options().set_lr(lr * std::min(1., 2 * left));
    adam.zero_grad();
    log_p(x_SN).mean(1).sum().neg().backward();
    adam.step();
  }
  const torch::NoGradGuard no_grad;
  const Tensor x_G = torch::linspace(-kHalfPeriod, kHalfPeriod, 13'001, torch::kDouble);
  const Tensor truth_G = LogDensity(Repeat(target, x_G.size(0)), x_G.unsqueeze(1)).squeeze(1);
  const Tensor fit_SG = log_p(x_G.expand({kFits, -1}));
  return (truth_G.exp() * (truth_G - fit_SG)).sum(1) * (2 * kHalfPeriod / 13'000);
}

Tensor FourierDivergence(int64_t coefficients, double half_period) {
  Tensor parameters_SO =
      (1e-3 * torch::randn({kFits, 2 * coefficients}, Rng(1'000'000), torch::kDouble))
          .requires_grad_();
  return Divergence({parameters_SO}, 1e-3, [&](const Tensor& x_SN) {
    return FourierLogDensity(parameters_SO.unsqueeze(1), x_SN / half_period) -
           std::log(half_period);
  });
}

Tensor MixtureDivergence(int64_t components) {
  Tensor share_SK = torch::zeros({kFits, components}, torch::kDouble).requires_grad_();
  Tensor mean_SK = DrawTarget(Target(), {kFits, components}, Rng(1'000'001)).requires_grad_();
  Tensor log_sd_SK =
      torch::full({kFits, components}, std::log(.05), torch::kDouble).requires_grad_();
  return Divergence({share_SK, mean_SK, log_sd_SK}, 1e-2, [&](const Tensor& x_SN) {
    const auto each = [&](const Tensor& t_SK) {
      return t_SK.repeat_interleave(x_SN.size(1), 0).unsqueeze(2);
    };
    const GaussianMixture mixture{each(share_SK.log_softmax(1)), each(mean_SK),
                                  each(log_sd_SK.exp())};
    return LogDensity(mixture, x_SN.reshape({-1, 1})).view_as(x_SN);
  });
}

void Print(const Tensor& fourier_S, const Tensor& mixture_S) {
  std::cout << "nats from the target, fourier:\n"
            << fourier_S << "\nmixture:\n"
            << mixture_S << "\n";
}

TEST(FourierFit, IsCloserToTwentyFiveGaussiansThanAMixtureOfAsManyNumbers) {
  const Tensor fourier_S = FourierDivergence(30, kHalfPeriod), mixture_S = MixtureDivergence(20);
  Print(fourier_S, mixture_S);
  EXPECT_LT(fourier_S.max().item<double>(), 2e-3);
  EXPECT_LT(fourier_S.max().item<double>(), mixture_S.min().item<double>());
}

// With frequencies too low for the features of the target the mixture is ahead.
TEST(FourierFit, BelowTheBandwidthIsFartherThanAMixtureOfAsManyNumbers) {
  const Tensor fourier_S = FourierDivergence(14, 1), mixture_S = MixtureDivergence(9);
  Print(fourier_S, mixture_S);
  EXPECT_GT(fourier_S.min().item<double>(), mixture_S.max().item<double>());
}

}  // namespace
}  // namespace tessera
