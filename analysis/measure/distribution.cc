#include "analysis/measure/distribution.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

Tensor Covariance(const Tensor& centred_NF) {
  return at::matmul(centred_NF.t(), centred_NF) / static_cast<double>(centred_NF.size(0) - 1);
}

// The square root of a symmetric matrix without negative eigenvalues but those of rounding.
Tensor Root(const Tensor& matrix_FF) {
  const auto [value_F, vector_FF] = at::linalg_eigh(matrix_FF);
  return at::matmul(vector_FF * value_F.clamp_min(0).sqrt(), vector_FF.t());
}

Tensor Kernel(const Tensor& a_NF, const Tensor& b_MF) {
  return (at::matmul(a_NF, b_MF.t()) / static_cast<double>(a_NF.size(1)) + 1).pow(3);
}

// Mean over pairs of different rows of a square matrix [..., N, N].
Tensor MeanOffDiagonal(const Tensor& matrix) {
  const auto count = static_cast<double>(matrix.size(-1));
  const Tensor diagonal = matrix.diagonal(0, -2, -1).sum(-1);
  return (matrix.sum({-2, -1}) - diagonal) / (count * (count - 1));
}

Tensor Distances(const Tensor& a_NF, const Tensor& b_MF) {
  return at::cdist(a_NF, b_MF, 2, /*compute_mode=*/2);  // exact differences, no dot products
}

// Share of `points` in any ball around a centre that reaches to its k-th neighbour among centres.
double Covered(const Tensor& points_MF, const Tensor& centres_NF, int64_t k) {
  const Tensor sorted_NN = std::get<0>(Distances(centres_NF, centres_NF).sort(1));
  const Tensor radius_N = sorted_NN.select(1, k);  // column 0 is the centre itself
  const Tensor in_MN = Distances(points_MF, centres_NF) <= radius_N;
  return in_MN.any(1).to(torch::kDouble).mean().item<double>();
}

}  // namespace

Gaussian GaussianOf(const Tensor& features_NF) {
  TORCH_CHECK(features_NF.size(0) > 1, "a covariance needs two pictures");
  const Tensor x_NF = features_NF.to(torch::kDouble), mean_F = x_NF.mean(0);
  return {mean_F, Covariance(x_NF - mean_F)};
}

double FrechetDistance(const Tensor& a_NF, const Tensor& b_NF) {
  return FrechetDistance(GaussianOf(a_NF), GaussianOf(b_NF));
}

double FrechetDistance(const Gaussian& a, const Gaussian& b) {
  const Tensor root_FF = Root(a.covariance_FF);
  const Tensor product_FF = at::matmul(root_FF, at::matmul(b.covariance_FF, root_FF));
  const Tensor value_F = at::linalg_eigvalsh((product_FF + product_FF.t()) / 2);
  const Tensor cross = value_F.clamp_min(0).sqrt().sum();
  const Tensor apart = (a.mean_F - b.mean_F).square().sum();
  return (apart + a.covariance_FF.trace() + b.covariance_FF.trace() - 2 * cross).item<double>();
}

double PolynomialMmd(const Tensor& a_NF, const Tensor& b_NF) {
  const Tensor a = a_NF.to(torch::kDouble), b = b_NF.to(torch::kDouble);
  return (MeanOffDiagonal(Kernel(a, a)) + MeanOffDiagonal(Kernel(b, b)) - 2 * Kernel(a, b).mean())
      .item<double>();
}

KernelDistance KernelInceptionDistance(const Tensor& a_NF, const Tensor& b_NF, int64_t subsets,
                                       at::Generator rng) {
  const int64_t size = std::min(a_NF.size(0), b_NF.size(0)) / subsets;
  TORCH_CHECK(subsets > 1 && size > 1, "a kernel distance needs 2 subsets of 2 pictures");
  const Tensor order_a = at::randperm(a_NF.size(0), rng), order_b = at::randperm(b_NF.size(0), rng);
  std::vector<double> parts;
  for (int64_t i = 0; i < subsets; ++i) {
    parts.push_back(PolynomialMmd(at::index_select(a_NF, 0, order_a.narrow(0, i * size, size)),
                                  at::index_select(b_NF, 0, order_b.narrow(0, i * size, size))));
  }
  const Tensor part_S = at::tensor(parts, torch::kDouble);
  return {part_S.mean().item<double>(),
          part_S.std().item<double>() / std::sqrt(static_cast<double>(subsets))};
}

PrecisionRecall MeasurePrecisionRecall(const Tensor& true_NF, const Tensor& drawn_NF, int64_t k) {
  TORCH_CHECK(k < true_NF.size(0) && k < drawn_NF.size(0), "k = ", k, " of too few pictures");
  const Tensor real = true_NF.to(torch::kDouble), drawn = drawn_NF.to(torch::kDouble);
  return {Covered(drawn, real, k), Covered(real, drawn, k)};
}

double FrechetError(const Gaussian& real, const Tensor& drawn_NF, at::Generator rng) {
  constexpr int64_t kTimes = 10;
  std::vector<double> distances;
  for (int64_t i = 0; i < kTimes; ++i) {
    const Tensor index_N = at::randint(drawn_NF.size(0), {drawn_NF.size(0)}, rng, torch::kLong);
    distances.push_back(FrechetDistance(real, GaussianOf(drawn_NF.index_select(0, index_N))));
  }
  return at::tensor(distances, torch::kDouble).std().item<double>();
}

double InceptionScore(const Tensor& logits_NK) {
  const Tensor log_NK = at::log_softmax(logits_NK.to(torch::kDouble), 1), p_NK = log_NK.exp();
  const Tensor mean_K = p_NK.mean(0, /*keepdim=*/true);
  // A class that no picture has weighs nothing.
  const Tensor log_mean_K = at::where(mean_K > 0, mean_K.log(), at::zeros_like(mean_K));
  const Tensor kl_NK = at::where(p_NK > 0, p_NK * (log_NK - log_mean_K), at::zeros_like(p_NK));
  return std::exp(kl_NK.sum(1).mean().item<double>());
}

Tensor EnergyDistance(const Tensor& x_BND, const Tensor& y_BMD) {
  const Tensor x = x_BND.to(torch::kDouble), y = y_BMD.to(torch::kDouble);
  return 2 * Distances(x, y).mean({1, 2}) - MeanOffDiagonal(Distances(x, x)) -
         MeanOffDiagonal(Distances(y, y));
}

}  // namespace tessera
