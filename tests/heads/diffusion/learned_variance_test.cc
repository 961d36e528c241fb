#include "heads/diffusion/learned_variance.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "heads/sampler/ddpm.h"
#include "ops/random.h"

namespace tessera {
namespace {

const NoiseSchedule kCosine(NoiseScheduleKind::kCosine, 1);

Tensor Steps(std::vector<double> steps) {
  return torch::tensor(steps, torch::kDouble).unsqueeze(1);
}

Posterior PosteriorOf(int64_t step) {
  const auto level = [](int64_t k) {
    return k < 0 ? NoiseLevel() : kCosine.AtTime(1 - static_cast<double>(k + 1) / 1000);
  };
  return PosteriorBetween(level(step), level(step - 1));
}

TEST(Posterior, IsThatOfDdpm) {
  for (const int64_t step : {1, 10, 500, 999}) {
    const double abar = CosineAlphaBar(static_cast<double>(step));
    const double before = CosineAlphaBar(static_cast<double>(step - 1));
    const double beta = 1 - abar / before;
    const Posterior posterior = PosteriorOf(step);
    EXPECT_NEAR(posterior.clean, std::sqrt(before) * beta / (1 - abar), 1e-9);
    EXPECT_NEAR(posterior.noisy, std::sqrt(1 - beta) * (1 - before) / (1 - abar), 1e-9);
    EXPECT_NEAR(posterior.small, beta * (1 - before) / (1 - abar), 1e-9);
    EXPECT_NEAR(posterior.large, beta, 1e-9);
  }
}

TEST(LearnedVariance, CostsNothingWhenPatchAndVarianceAreRight) {
  const Tensor x = torch::rand({3, 5}, torch::kDouble);
  const Tensor bits = VariationalBits(kCosine, {.step = Steps({1, 500, 999}),
                                                .clean = x,
                                                .predicted = x,
                                                .fraction = torch::zeros({3, 5}, torch::kDouble)});
  EXPECT_TRUE(at::allclose(bits, torch::zeros({3, 1}, torch::kDouble), 0, 1e-12));
}

TEST(LearnedVariance, CostsTheDivergenceOfTwoGaussians) {
  const double fraction = .3, error = .2;
  for (const int64_t step : {1, 40, 700, 999}) {
    const Posterior q = PosteriorOf(step);
    const double variance = std::pow(q.large, fraction) * std::pow(q.small, 1 - fraction);
    const double shift = q.clean * error;
    const double nats =
        (std::log(variance / q.small) - 1 + (q.small + shift * shift) / variance) / 2;
    const Tensor bits =
        VariationalBits(kCosine, {.step = Steps({static_cast<double>(step)}),
                                  .clean = torch::full({1, 2}, .1, torch::kDouble),
                                  .predicted = torch::full({1, 2}, .1 + error, torch::kDouble),
                                  .fraction = torch::full({1, 2}, fraction, torch::kDouble)});
    EXPECT_NEAR(bits.item<double>() / (nats / std::numbers::ln2), 1, 1e-6) << step;
  }
}

TEST(LearnedVariance, AtTheLastStepTheProbabilitiesOfAllPixelCodesAddUpToOne) {
  const Tensor x = torch::arange(256, torch::kDouble).unsqueeze(1) / 127.5 - 1;
  for (const double predicted : {-1.2, -.999, .123, 1.}) {
    const Tensor bits =
        VariationalBits(kCosine, {.step = torch::zeros({256, 1}, torch::kDouble),
                                  .clean = x,
                                  .predicted = torch::full({256, 1}, predicted, torch::kDouble),
                                  .fraction = torch::full({256, 1}, .5, torch::kDouble)});
    EXPECT_NEAR((-bits).exp2().sum().item<double>(), 1, 1e-9);
  }
}

}  // namespace
}  // namespace tessera
