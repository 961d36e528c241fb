// Samplers that step down a ladder of noise levels by the posterior q(x_s | x_t, x).
#pragma once

#include "heads/sampler/sampler.h"

namespace tessera {

// The Gaussian q(x_s | x_t, x) from a level t to a cleaner one s: mean = clean * x + noisy * x_t.
// Ho et al. 2020, eq. 7, for any alpha and sigma (Kingma et al. 2021, appendix A).
struct Posterior {
  double clean;
  double noisy;
  double small;  // its variance (beta tilde): right if x is certain
  double large;  // variance of q(x_t | x_s) (beta): right if x is standard normal
};

Posterior PosteriorBetween(const NoiseLevel& level, const NoiseLevel& cleaner);

// Ancestral sampling, Ho et al. 2020, algorithm 2. Temperature scales the noise of every step.
Tensor Ddpm(const SamplerRun& run, Tensor x_ND);

// Song et al. 2021, eq. 12 and 16; eta = 1 is Ddpm with the small variance.
Tensor Ddim(const SamplerRun& run, Tensor x_ND);

}  // namespace tessera
