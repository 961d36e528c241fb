// Patches <-> codes, each patch alone: a model that reads half-drawn pictures cannot wait for its
// neighbours, and what is shown of a drawn code is what is read back. N = patches, D = numbers a
// patch, V = vectors of a patch, E = numbers of a vector, S = V * J digits of a patch.
#pragma once

#include <functional>

#include "heads/codes/quantiser.h"
#include "heads/image_head.h"
#include "heads/trunk.h"

namespace tessera {

// Rows [M, ...] that this process has -> those of all processes that make the step, in the order of
// its batches.
using AllRows = std::function<Tensor(const Tensor& rows)>;

class PatchAutoencoder : public torch::nn::Module {
 public:
  PatchAutoencoder(const AutoencoderConfig& config, int64_t patch_dim);

  // The mean squared error, and what the quantiser adds; by_patch_N: of the squared error alone.
  // In training it keeps the encoded vectors for EndStep.
  HeadLoss Loss(const Tensor& x_ND);

  // Changes what the quantiser learns without a gradient, by the vectors of all losses since the
  // last EndStep, here and elsewhere. The losses of one step so count as that of one batch, however
  // they were split.
  void EndStep(
      at::Generator rng, const AllRows& all = [](const Tensor& rows) { return rows; });

  // None of these has a gradient.
  Tensor Reconstruct(const Tensor& x_ND);   // -> [N, D]
  Tensor CodesOf(const Tensor& x_ND);       // -> [N, S] int64
  Tensor ValuesOf(const Tensor& code_NS);   // -> [N, V * E], what the decoder reads
  Tensor PatchesOf(const Tensor& code_NS);  // -> [N, D]

  // The radices of a vector's code; empty for an autoencoder without codes.
  const std::vector<int64_t>& radices() const { return quantiser_->radices(); }
  int64_t vectors() const { return config_.vectors; }
  int64_t values_dim() const { return config_.vectors * VectorDim(config_); }
  double bits() const;  // that the codes of a patch can hold

 private:
  Tensor Encode(const Tensor& x_ND);  // [N * V, E], at least float
  Tensor Decode(const Tensor& value_ME);

  AutoencoderConfig config_;
  Trunk encoder_, decoder_;
  std::shared_ptr<Quantiser> quantiser_;
  std::vector<Tensor> encoded_ME_, code_MJ_;  // of each loss of the step
};

}  // namespace tessera
