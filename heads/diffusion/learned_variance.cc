#include "heads/diffusion/learned_variance.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "heads/sampler/ddpm.h"
#include "ops/pixel_value.h"

namespace tessera {
namespace {

constexpr double kMinProbability = 1e-12;

struct StepTable {  // [...], of the same shape as the steps asked
  Tensor clean;     // weight of the clean patch in the posterior's mean
  Tensor log_small;
  Tensor log_large;
};

StepTable LookUp(const NoiseSchedule& schedule, const Tensor& step) {
  std::vector<double> clean, log_small, log_large;
  NoiseLevel cleaner;
  for (int64_t k = 0; k < kCosineSteps; ++k) {
    const NoiseLevel level = schedule.AtTime(1 - static_cast<double>(k + 1) / kCosineSteps);
    const Posterior posterior = PosteriorBetween(level, cleaner);
    clean.push_back(posterior.clean);
    log_small.push_back(std::log(posterior.small));
    log_large.push_back(std::log(posterior.large));
    cleaner = level;
  }
  log_small[0] = log_small[1];  // the last step's posterior has no variance
  const Tensor index = step.to(torch::kLong);
  const auto at_index = [&](const std::vector<double>& table) {
    return torch::tensor(table, step.options()).index({index});
  };
  return {at_index(clean), at_index(log_small), at_index(log_large)};
}

// The nats of the bin of `clean` under a Gaussian around `predicted`.
Tensor BinNats(const StepPrediction& p, const Tensor& log_variance) {
  const Tensor inverse_sd = (log_variance / -2).exp();
  const Tensor error = p.clean - p.predicted;
  const Tensor below_upper = at::special_ndtr((error + kHalfBin) * inverse_sd);
  const Tensor below_lower = at::special_ndtr((error - kHalfBin) * inverse_sd);
  // The outermost bins reach to infinity.
  const Tensor upper = at::where(p.clean > 1 - kHalfBin, at::ones_like(error), below_upper);
  const Tensor lower = at::where(p.clean < kHalfBin - 1, at::zeros_like(error), below_lower);
  return -(upper - lower).clamp_min(kMinProbability).log();
}

}  // namespace

Tensor VarianceFraction(const Tensor& output) { return (output + 1) / 2; }

Tensor VariationalBits(const NoiseSchedule& schedule, const StepPrediction& p) {
  const StepTable table = LookUp(schedule, p.step);
  const Tensor log_variance = table.log_small + p.fraction * (table.log_large - table.log_small);
  const Tensor mean_error = table.clean * (p.clean - p.predicted);
  const Tensor excess = log_variance - table.log_small;
  const Tensor divergence =
      (excess - 1 + (-excess).exp() + mean_error.square() * (-log_variance).exp()) / 2;
  const Tensor nats = at::where(p.step == 0, BinNats(p, log_variance), divergence);
  return nats.mean(-1, /*keepdim=*/true) / std::numbers::ln2;
}

}  // namespace tessera
