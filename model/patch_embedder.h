// The seam of the image input: patches -> vectors of the model's width.
// P = patches, D = numbers a patch, W = width, R and C = places of the largest grid.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// One linear map, lossless while its rank is D. Beside it, what the map alone does not know: where
// the patch stands, and how noisy the picture is.
class PatchEmbedder : public torch::nn::Module {
 public:
  PatchEmbedder(int64_t patch_dim, int64_t width);

  Tensor Embed(const Tensor& patch_PD) const;  // -> [P, W]

  // The pixels whose embedding is e_PW, by least squares: exact while the map is lossless.
  Tensor Recover(const Tensor& e_PW) const;

  const Tensor& weight() const { return weight_; }

 private:
  Tensor weight_;  // [W, D]
  Tensor bias_;    // [W]
};

// Learned vectors of a place in the grid, one a row and one a column, added.
class PlaceEmbedding : public torch::nn::Module {
 public:
  PlaceEmbedding(int64_t max_rows, int64_t max_cols, int64_t width);

  Tensor Embed(const Tensor& place_P2) const;  // int64 row and column -> [P, W]

 private:
  Tensor row_RW_, col_CW_;
};

// A noise level (standard deviation, 0 = clean) as a vector: sinusoids, then a linear map that
// starts at zero.
class NoiseEmbedding : public torch::nn::Module {
 public:
  explicit NoiseEmbedding(int64_t width);

  Tensor Embed(const Tensor& noise_P) const;  // -> [P, W]

 private:
  Tensor weight_;
};

}  // namespace tessera
