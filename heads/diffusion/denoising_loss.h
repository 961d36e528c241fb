// The training loss of a denoising network: noise is added to patches, and the network's squared
// error counts in the units of the configured target, whatever it predicts.
// K = noise draws a patch, N = patches, D = numbers a patch, O = outputs (D, or 2 D where the
// variance is learned), M = K N.
#pragma once

#include <functional>

#include "heads/image_head.h"
#include "heads/sampler/noise_schedule.h"

namespace tessera {

bool LearnsVariance(const DiffusionConfig& config);

// Noisy patches [K, N, D] and tau [K, N] -> [K, N, O], in any precision.
using NoisyNetwork = std::function<Tensor(const Tensor& noisy_KND, const Tensor& tau_KN)>;

struct TimedPatches {
  Tensor x_ND;
  Tensor t_KN1;  // when each draw looks at its patch
};

// Counted in the precision of the patches.
HeadLoss DenoisingLossAt(const DiffusionConfig& config, const NoiseSchedule& schedule,
                         const NoisyNetwork& network, const TimedPatches& timed, at::Generator rng);

// The loss at times that are drawn for each patch alone. The expectation does not depend on the
// number of draws K.
HeadLoss DenoisingLoss(const DiffusionConfig& config, const NoiseSchedule& schedule,
                       const NoisyNetwork& network, const Tensor& x_ND, at::Generator rng);

}  // namespace tessera
