#include "heads/diffusion/prediction.h"

#include <ATen/Functions.h>

namespace tessera {
namespace {

constexpr double kMinDivisor = .05;

// Error of the target per error of the clean patch.
Tensor PerClean(Prediction target, const NoiseSchedule& schedule, const NoiseLevels& levels) {
  const Tensor sigma = levels.sigma.clamp_min(kMinDivisor * schedule.noise_scale());
  switch (target) {
    case Prediction::kX:
      return at::ones_like(sigma);
    case Prediction::kEpsilon:
      return levels.alpha / sigma;
    case Prediction::kV:
      return schedule.noise_scale() / sigma;
  }
  TORCH_CHECK(false, "loss target ", static_cast<int>(target));
}

}  // namespace

CleanForm CleanFrom(Prediction prediction, const NoiseSchedule& schedule,
                    const NoiseLevels& levels) {
  const bool flow = schedule.kind() == NoiseScheduleKind::kFlow;
  switch (prediction) {
    case Prediction::kX:
      return {at::zeros_like(levels.alpha), at::ones_like(levels.alpha)};
    case Prediction::kEpsilon: {
      const Tensor alpha = levels.alpha.clamp_min(kMinDivisor);
      return {alpha.reciprocal(), -levels.sigma / alpha};
    }
    case Prediction::kV:
      return flow ? CleanForm{at::ones_like(levels.alpha), levels.sigma / schedule.noise_scale()}
                  : CleanForm{levels.alpha, -levels.sigma};
  }
  TORCH_CHECK(false, "prediction ", static_cast<int>(prediction));
}

Tensor PredictionTarget(Prediction prediction, const NoiseSchedule& schedule, const Tensor& x,
                        const Tensor& noise, const NoiseLevels& levels) {
  const bool flow = schedule.kind() == NoiseScheduleKind::kFlow;
  switch (prediction) {
    case Prediction::kX:
      return x.expand_as(noise);
    case Prediction::kEpsilon:
      return noise;
    case Prediction::kV:
      return flow ? at::sub(x, noise, schedule.noise_scale())
                  : levels.alpha * noise - levels.sigma * x;
  }
  TORCH_CHECK(false, "prediction ", static_cast<int>(prediction));
}

Tensor LossWeight(Prediction prediction, Prediction loss, const NoiseSchedule& schedule,
                  const NoiseLevels& levels) {
  if (prediction == loss) {
    return at::ones_like(levels.alpha);
  }
  const Tensor clean_per_output = CleanFrom(prediction, schedule, levels).from_output;
  return (clean_per_output * PerClean(loss, schedule, levels)).square();
}

}  // namespace tessera
