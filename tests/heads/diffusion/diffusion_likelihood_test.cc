#include "heads/diffusion/diffusion_likelihood.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <numbers>

#include "ops/pixels.h"
#include "ops/random.h"
#include "tests/heads/mixture.h"

namespace tessera {
namespace {

constexpr std::array kSchedules = {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine};

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

// E[x | x_t] of x ~ N(mean, sd^2).
Tensor GaussianClean(const Tensor& x_ND, const NoiseLevel& level, const Tensor& mean,
                     const Tensor& sd) {
  const Tensor signal = level.alpha * sd.square();
  return mean +
         signal / (level.alpha * signal + level.sigma * level.sigma) * (x_ND - level.alpha * mean);
}

Tensor GaussianLogDensity(const Tensor& x_ND, const Tensor& mean, const Tensor& sd) {
  return (((x_ND - mean) / sd).square() / -2 - sd.log() - std::log(2 * std::numbers::pi) / 2)
      .sum(1);
}

TEST(OdeLogDensity, OfAGaussianIsItsClosedForm) {
  const Tensor mean = torch::tensor({.3, -.5, 0.}, torch::kDouble);
  const Tensor sd = torch::tensor({.5, .1, .02}, torch::kDouble);
  const Tensor x_ND = mean + sd * torch::randn({16, 3}, Rng(1), torch::kDouble);
  for (const NoiseScheduleKind kind : kSchedules) {
    const NoiseSchedule schedule(kind, 1.5);
    const auto clean = [&](const Tensor& noisy_ND, const NoiseLevel& level) {
      return GaussianClean(noisy_ND, level, mean, sd);
    };
    const Tensor error_N =
        OdeLogDensity(clean, schedule, x_ND, Rng(2)) - GaussianLogDensity(x_ND, mean, sd);
    EXPECT_LT(error_N.abs().max().item<double>(), .02) << EnumName(kind);
  }
}

TEST(OdeLogDensity, OfAMixtureIntegratesToOne) {
  const int64_t cells = 400;
  const double h = 3.2 / cells;
  const Tensor x_N1 = (torch::arange(cells, torch::kDouble) * h - 1.6).unsqueeze(1);
  const NoiseSchedule schedule(NoiseScheduleKind::kFlow, 1);
  const Mixture mixture;
  const auto clean = [&](const Tensor& noisy_N1, const NoiseLevel& level) {
    const Tensor sigma_11 = at::full({1, 1}, level.sigma, torch::kDouble);
    return mixture.Clean(noisy_N1, level.alpha, sigma_11);
  };
  const Tensor p_N = OdeLogDensity(clean, schedule, x_N1, Rng(1)).exp();
  EXPECT_NEAR(p_N.sum().item<double>() * h, 1, .01);
  // A peak: .2 N(.9, .0025), and what the other components have there.
  const double peak = p_N[312].item<double>();  // x = .896
  EXPECT_NEAR(peak, 1.5915, .02);
}

TEST(OdeLogDensity, EstimatesTheDivergenceOfWidePatches) {
  const int64_t dim = kExactDivergenceDim + 1;
  const Tensor mean = torch::zeros({dim}, torch::kDouble);
  const Tensor sd = torch::full({dim}, .3, torch::kDouble);
  const NoiseSchedule schedule(NoiseScheduleKind::kFlow, 1);
  const Tensor x_ND = sd * torch::randn({4, dim}, Rng(1), torch::kDouble);
  // The estimate is exact for independent numbers. A turn mixes them without changing the truth.
  const Tensor turn =
      std::get<0>(torch::linalg_qr(torch::randn({dim, dim}, Rng(3), torch::kDouble)));
  const auto clean = [&](const Tensor& noisy_ND, const NoiseLevel& level) {
    return GaussianClean(noisy_ND.mm(turn), level, mean, sd).mm(turn.t());
  };
  const Tensor error_N =
      OdeLogDensity(clean, schedule, x_ND, Rng(2)) - GaussianLogDensity(x_ND, mean, sd);
  EXPECT_LT(error_N.abs().max().item<double>() / dim, .01);
}

// Why the likelihood of a half-trained network is so bad: what it gets wrong at little noise counts
// in units of the noise at which the flow begins.
TEST(OdeLogDensity, OfANetworkThatIgnoresItsPatchIsAGaussianOfTheFirstNoise) {
  const Tensor mean = torch::tensor({.3, -.5}, torch::kDouble), sd = at::full_like(mean, 1e-3);
  const Tensor x_ND = mean + 3 * sd * torch::randn({16, 2}, Rng(1), torch::kDouble);
  const NoiseSchedule schedule(NoiseScheduleKind::kFlow, 1);
  const auto clean = [&](const Tensor& noisy_ND, const NoiseLevel&) { return mean + 0 * noisy_ND; };
  const Tensor error_N =
      OdeLogDensity(clean, schedule, x_ND, Rng(2)) - GaussianLogDensity(x_ND, mean, sd);
  EXPECT_LT(error_N.abs().max().item<double>(), .05);
}

// With the perfect network the bound is loose by the finite number of steps alone.
TEST(VariationalBound, OfAGaussianIsItsEntropy) {
  const Tensor mean = torch::zeros({1}, torch::kDouble);
  const Tensor sd = torch::full({1}, .2, torch::kDouble);
  const Tensor x_ND =
      FromPixelValues(PixelValues(sd * torch::randn({64, 8}, Rng(1), torch::kDouble)));
  const NoiseSchedule schedule(NoiseScheduleKind::kCosine, 1);
  const GuessAt guess = [&](const Tensor& noisy_ND, const NoiseLevel& level) -> StepGuess {
    return {GaussianClean(noisy_ND, level, mean, sd), {}};
  };
  const double bits = VariationalBoundBits(guess, schedule, x_ND, Rng(2)).mean().item<double>();
  const double truth = ((kNatsPerPixelValue * 8 - GaussianLogDensity(x_ND, mean, sd)).mean() /
                        (8 * std::numbers::ln2))
                           .item<double>();
  EXPECT_GT(bits, truth - .02);
  EXPECT_LT(bits, truth + .1);
}

}  // namespace
}  // namespace tessera
