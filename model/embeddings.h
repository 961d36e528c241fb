// What stands beside a patch's pixels in its slot: where it is, and how noisy it is.
// P = patches, W = width, R and C = places of the largest grid.
#pragma once

#include <torch/types.h>

#include "ops/parameter_role.h"

namespace tessera {

using torch::Tensor;

// Learned vectors of a place in the grid, one a row and one a column, added.
class RowColEmbedding : public ModuleWithRoles {
 public:
  RowColEmbedding(int64_t max_rows, int64_t max_cols, int64_t width);

  Tensor Embed(const Tensor& row_col_P2) const;  // int64 row and column -> [P, W]

 private:
  Tensor row_RW_, col_CW_;
};

// A noise level (standard deviation, 0 = clean) as a vector: sinusoids, then a linear map that
// starts at zero.
class NoiseEmbedding : public ModuleWithRoles {
 public:
  explicit NoiseEmbedding(int64_t width);

  Tensor Embed(const Tensor& noise_P) const;  // -> [P, W]

 private:
  Tensor weight_;
};

}  // namespace tessera
