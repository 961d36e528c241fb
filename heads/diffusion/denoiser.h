// The network of the diffusion head: a residual MLP whose normalised activations are shifted,
// scaled and gated by noise level and condition (AdaLN; Li et al. 2024, "Autoregressive image
// generation without vector quantization", section 4.2 and DiT). N = patches, D = numbers a patch,
// Z = width of the condition, W = width, M = (3 depth + 2) W, O = outputs, S = noise levels, B =
// conditions of a patch.
#pragma once

#include <torch/nn/pimpl.h>

#include <string>
#include <vector>

#include "heads/network_size.h"
#include "ops/parameter_role.h"

namespace tessera {

using torch::Tensor;

// What is added to the variance before its root in every norm.
inline constexpr double kDenoiserNormEpsilon = 1e-6;

struct DenoiserShape {
  int64_t width;
  int64_t depth;
  int64_t patch_dim;
  int64_t condition_dim;
  int64_t output_dim;
};

// A layer's weight and bias, as views: whoever computes the network by other means reads them here.
struct LinearWeights {
  Tensor weight_OI, bias_O;
};

struct DenoiserWeights {
  struct Block {
    LinearWeights up, down;
  };
  LinearWeights patch, condition, modulation, output;
  std::vector<Block> blocks;
};

class DenoiserImpl : public ModuleWithRoles {
 public:
  // Draws its initial weights from torch's default generator, as every module does.
  explicit DenoiserImpl(const DenoiserShape& shape);

  // x_t [..., N, D], tau [..., N], z_NZ -> [..., N, O]. The condition is projected once, however
  // many noisy copies of a patch there are.
  Tensor forward(const Tensor& x_t, const Tensor& tau, const Tensor& z_NZ);

  // The parts of forward, for callers with few noise levels or conditions:
  // forward(x_t, tau, z) = Denoise(x_t, Modulate(EmbedTime(tau) + EmbedCondition(z))).
  Tensor EmbedTime(const Tensor& tau);                          // [...] -> [..., W]
  Tensor EmbedCondition(const Tensor& z_NZ);                    // [..., Z] -> [..., W]
  Tensor Modulate(const Tensor& embedding);                     // [..., W] -> [..., M]
  Tensor Denoise(const Tensor& x_t, const Tensor& modulation);  // leading axes broadcast

  const DenoiserShape& shape() const { return shape_; }
  DenoiserWeights weights() const;

 private:
  struct Block {
    torch::nn::Linear up;
    torch::nn::Linear down;
  };

  void Initialize();

  // As Modulate, but each part of W numbers is a product of its own: the gradients of one wide
  // product would first be copied together.
  std::vector<Tensor> EachPart(const Tensor& embedding);
  Tensor DenoiseUnder(const Tensor& x_t, const std::vector<Tensor>& parts);

  DenoiserShape shape_;
  torch::nn::Linear patch_, condition_, time_in_, time_out_;
  torch::nn::Linear
      modulation_;  // of all blocks (shift, scale, gate) and the output (shift, scale)
  torch::nn::Linear output_;
  std::vector<Block> blocks_;
};
TORCH_MODULE(Denoiser);

NetworkSize DenoiserSize(double width, double depth, double condition_dim, double patch_dim,
                         double outputs);

// The modulations of a sampling run, whose conditions are fixed and whose noise levels are known:
// computed for many levels in one matrix product, not one by one.
class PreparedModulation {
 public:
  PreparedModulation(Denoiser denoiser, const Tensor& tau_S, const Tensor& z_BNZ);

  Tensor At(int64_t level);  // [B, N, M]. Levels in ascending order cost least.

  // The modulation [B, N, M] of patches that have a level each, which were not known before.
  Tensor AtTaus(const Tensor& tau_N);

 private:
  Denoiser denoiser_;
  Tensor time_S11W_;
  Tensor condition_BNW_;
  Tensor chunk_CBNM_;  // of the levels from first_ on
  int64_t first_ = 0;
  int64_t chunk_size_;
};

}  // namespace tessera
