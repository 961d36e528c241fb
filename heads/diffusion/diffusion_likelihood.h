// The likelihood of a denoising network, of whatever schedule.
// N = patches, D = numbers a patch.
#pragma once

#include <functional>

#include "heads/sampler/noise_schedule.h"

namespace tessera {

// E[x | x_t] at one level, differentiable in x_ND.
using CleanAtLevel = std::function<Tensor(const Tensor& x_ND, const NoiseLevel& level)>;

// Up to this many numbers a patch the divergence is exact, and costs as many backward passes.
constexpr int64_t kExactDivergenceDim = 48;

// log p(x) [N], by the change of variables along the flow from data to noise (Song et al. 2021,
// "Score-based generative modeling through stochastic differential equations", eq. 39). Above
// kExactDivergenceDim the divergence is Hutchinson's estimate: right on average.
Tensor OdeLogDensity(const CleanAtLevel& clean, const NoiseSchedule& schedule, const Tensor& x_ND,
                     at::Generator rng);

// E[x | x_t] at one level, with the fraction between the variances of the posterior
// (heads/diffusion/learned_variance.h). An undefined fraction stands for the large variance, which
// is right where the data are broader than the noise; elsewhere the two hardly differ.
struct StepGuess {
  Tensor clean_ND;
  Tensor fraction_ND;
};
using GuessAt = std::function<StepGuess(const Tensor& x_ND, const NoiseLevel& level)>;

// Bits a number [N]: minus the variational bound of all steps of the cosine schedule (Ho et al.
// 2020, eq. 5), one noise draw a step, for 8-bit numbers in [-1, 1].
Tensor VariationalBoundBits(const GuessAt& guess, const NoiseSchedule& schedule, const Tensor& x_ND,
                            at::Generator rng);

}  // namespace tessera
