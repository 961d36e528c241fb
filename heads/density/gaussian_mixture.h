// Mixtures of Gaussians over patches: sum_k share_k N(mean_k, covariance_k).
// N = patches, K = components, D = numbers a patch, M = independent mixtures of a patch: 1, of
// whole patches, or D, one for each number.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <vector>

namespace tessera {

using torch::Tensor;

struct GaussianMixture {
  Tensor log_share_NKM;
  Tensor mean_NKD;
  Tensor sd_NKD;         // of the diagonal; of a full covariance L L^T, the diagonal of L
  Tensor factor_NKDD{};  // L, lower triangular; undefined: diagonal
};

// log p of each mixture of a patch: [N, M]. The log of the whole patch is the sum over M.
Tensor LogDensity(const GaussianMixture& mixture, const Tensor& x_ND);

// The logarithms of the probability of the bins of 8-bit numbers. A full covariance has none, since
// its Gaussian has no closed form over a box.
Tensor LogMass(const GaussianMixture& mixture, const Tensor& x_ND);

// One patch a row, [N, D], row i by rngs[i]. The temperature scales the standard deviations and
// divides the logarithms of the shares; at 0 this is the mean of the likeliest component.
Tensor Draw(const GaussianMixture& mixture, double temperature, std::vector<at::Generator>& rngs);

// Each row `times` times in a row, [N * times, ...].
GaussianMixture Repeat(const GaussianMixture& mixture, int64_t times);

}  // namespace tessera
