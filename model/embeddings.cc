#include "model/embeddings.h"

#include <ATen/Functions.h>

#include <cmath>

#include "ops/linear.h"

namespace tessera {
namespace {

constexpr double kPlaceStd = 0.02;
constexpr int64_t kNoiseFrequencies = 16;

}  // namespace

RowColEmbedding::RowColEmbedding(int64_t max_rows, int64_t max_cols, int64_t width)
    : row_RW_(RegisterParameter("row", at::randn({max_rows, width}).mul_(kPlaceStd),
                                ParameterRole::kEmbedding)),
      col_CW_(RegisterParameter("col", at::randn({max_cols, width}).mul_(kPlaceStd),
                                ParameterRole::kEmbedding)) {}

Tensor RowColEmbedding::Embed(const Tensor& row_col_P2) const {
  return at::embedding(row_RW_, row_col_P2.select(1, 0)) +
         at::embedding(col_CW_, row_col_P2.select(1, 1));
}

NoiseEmbedding::NoiseEmbedding(int64_t width)
    : weight_(RegisterParameter("weight", at::zeros({width, 2 * kNoiseFrequencies}),
                                ParameterRole::kOutput)) {}

Tensor NoiseEmbedding::Embed(const Tensor& noise_P) const {
  // Periods from 4 (one slope over all levels) down to 1/16.
  const Tensor frequency_F = at::pow(2.0, at::linspace(std::log2(M_PI / 2), std::log2(32 * M_PI),
                                                       kNoiseFrequencies, noise_P.options()));
  const Tensor angle_PF = noise_P.unsqueeze(1) * frequency_F;
  return Linear(at::cat({at::sin(angle_PF), at::cos(angle_PF)}, 1), weight_);
}

}  // namespace tessera
