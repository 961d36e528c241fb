// What the network's output means. At a given noisy patch and level, the clean patch x, the noise
// epsilon and the velocity v are affine in each other:
//   x_t = alpha x + sigma n
//   v   = x - s n               flow, s = noise scale
//   v   = alpha n - sigma x     cosine (Salimans and Ho 2022)
// Divisors alpha and sigma / s below .05 are held at .05.
#pragma once

#include "heads/sampler/noise_schedule.h"

namespace tessera {

// Expected clean patch = from_noisy * x_t + from_output * output.
struct CleanForm {
  Tensor from_noisy;
  Tensor from_output;
};

CleanForm CleanFrom(Prediction prediction, const NoiseSchedule& schedule,
                    const NoiseLevels& levels);

// What a perfect network puts out for this clean patch and this noise.
Tensor PredictionTarget(Prediction prediction, const NoiseSchedule& schedule, const Tensor& x,
                        const Tensor& noise, const NoiseLevels& levels);

// Squared error of the prediction times this = squared error of the loss's target.
Tensor LossWeight(Prediction prediction, Prediction loss, const NoiseSchedule& schedule,
                  const NoiseLevels& levels);

}  // namespace tessera
