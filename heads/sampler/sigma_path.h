// Samplers that walk in sigma, the variance-exploding form of any schedule: y = x_t / alpha carries
// noise of deviation sigma(level) / alpha(level), and dy / dsigma = (y - E[x | y]) / sigma. They
// start at sigma_max times a standard normal and stop at sigma_min, whose noise stays unless
// `last_look` takes it away. The last level is where they stop; dpm-solver-2 with r = 1 looks
// there.
#pragma once

#include "heads/sampler/sampler.h"

namespace tessera {

// steps + 1 values from sigma_max down to sigma_min.
std::vector<double> SigmaGrid(const SamplerConfig& config, const NoiseSchedule& schedule);

// Those, and for dpm-solver-2 the point between each two at which it looks again.
std::vector<NoiseLevel> SigmaLevels(const SamplerConfig& config, const NoiseSchedule& schedule);

// E[x | y] as if the data were centred and of variance 1, to first order in 1 / sigma: the first
// direction is y / sqrt(1 + sigma^2) (Zhou et al. 2024).
Tensor AnalyticClean(const Tensor& y_ND, double sigma);

// x_ND everywhere: a patch at the first level. What is returned has no signal scale left.

// Lu et al. 2022, "DPM-Solver", of order 2, in sigma. r = 1 is Heun's method.
Tensor DpmSolver2(const SamplerRun& run, const Tensor& x_ND);

// DPM-Solver++(3M), Lu et al. 2022; the last two steps are of lower order, as the first two. As
// published, and as in most code, the second difference enters with half of what its phi function
// asks for, which leaves order 2; `corrected` doubles it.
Tensor Dpmpp3m(const SamplerRun& run, const Tensor& x_ND);

// Adams-Bashforth of `order` on the direction, lower orders first. ipndm (Zhang and Chen 2023)
// takes the weights of even steps whatever the grid, which keeps it at order 2; ipndm-v those of
// the steps that were made.
Tensor Ipndm(const SamplerRun& run, const Tensor& x_ND);

// E[x | y] at run.levels[level], where a step to sigma = 0 along the direction ends.
Tensor ExpectedAt(const SamplerRun& run, const Tensor& y_ND, int64_t level);

// Weights w_j such that sum_j w_j f(node_j) is the integral of the polynomial through the nodes, at
// most 4 of them, between the two points.
std::vector<double> AdamsBashforth(const std::vector<double>& nodes, double from, double to);

}  // namespace tessera
