// The variance of a DDPM step, learned by the variational bound (Nichol and Dhariwal 2021, section
// 3.1): log variance = f log beta + (1 - f) log beta_tilde, the network putting out 2 f - 1.
#pragma once

#include "heads/sampler/noise_schedule.h"

namespace tessera {

// f of the network's output.
Tensor VarianceFraction(const Tensor& output);

// What the bound compares, all [..., D] but step [..., 1], which holds whole steps of the cosine
// schedule.
struct StepPrediction {
  Tensor step;
  Tensor clean;      // the truth
  Tensor predicted;  // E[clean | noisy], detached: the bound teaches the variance alone
  Tensor fraction;   // of VarianceFraction
};

// One term of the bound in bits, averaged over D: [..., 1]. KL(q || p) of the step; at step 0 the
// negative log likelihood of 8-bit pixels, bins of half-width 1/255 in [-1, 1].
Tensor VariationalBits(const NoiseSchedule& schedule, const StepPrediction& prediction);

}  // namespace tessera
