// The networks of the heads that predict parameters of a distribution: from a condition to the
// parameters of a patch, or to those of each of its numbers given the numbers before it.
// N = patches, Z = width of the condition, D = numbers a patch, W = width, O = parameters, F =
// features of a number, B = conditions of a patch.
#pragma once

#include <torch/nn/pimpl.h>

#include <string>
#include <vector>

#include "heads/network_size.h"
#include "ops/parameter_role.h"

namespace tessera {

using torch::Tensor;

struct TrunkShape {
  int64_t width;
  int64_t depth;
  int64_t condition_dim;
  int64_t outputs;
};

// A residual MLP of the condition. Its output layer starts at 0: all parameters are 0 untrained.
class TrunkImpl : public ModuleWithRoles {
 public:
  explicit TrunkImpl(const TrunkShape& shape);

  Tensor forward(const Tensor& z) { return Finish(Embed(z)); }  // [..., Z] -> [..., O]

  // The parts of forward, for what is added between them.
  Tensor Embed(const Tensor& z);   // [..., Z] -> [..., W]
  Tensor Finish(const Tensor& a);  // [..., W] -> [..., O]

  const torch::nn::Linear& output() const { return output_; }

 private:
  struct Block {
    Tensor norm;
    torch::nn::Linear up;
    torch::nn::Linear down;
  };

  torch::nn::Linear condition_;
  std::vector<Block> blocks_;
  Tensor output_norm_;
  torch::nn::Linear output_ = nullptr;
};
TORCH_MODULE(Trunk);

NetworkSize TrunkSize(double width, double depth, double condition_dim, double outputs);

// One trunk for all numbers of the patch, each conditioned on the numbers before it by a sum (NADE;
// Larochelle and Murray 2011, eq. 4). The sum is scaled and shifted by the number's place, and
// grows by one term a number, so that drawing costs one pass over the trunk a number.
class ScalarTrunkImpl : public ModuleWithRoles {
 public:
  ScalarTrunkImpl(const TrunkShape& shape, int64_t patch_dim);

  // The outputs for all numbers at once: [N, Z], [N, D] -> [N, D, O].
  Tensor forward(const Tensor& z_NZ, const Tensor& x_ND);

  // One number after the other, under B conditions: forward(z_b, x) in D steps.
  class Pass {
   public:
    Pass(ScalarTrunkImpl& trunk, const Tensor& z_BNZ);
    Tensor Parameters() const;       // [B, N, O], of the next number
    void Append(const Tensor& x_N);  // the next number

   private:
    ScalarTrunkImpl& trunk_;
    Tensor condition_BNW_;
    Tensor sum_NW_;
    int64_t place_ = 0;
  };

 private:
  Tensor AtPlace(const Tensor& condition, const Tensor& sum, const Tensor& place_2W) const;

  Trunk trunk_;
  Tensor number_DFW_;            // what a number adds to the sum
  Tensor place_modulation_D2W_;  // shift and scale - 1 of the sum
};
TORCH_MODULE(ScalarTrunk);

NetworkSize ScalarTrunkSize(double width, double depth, double condition_dim, double outputs,
                            double patch_dim);

}  // namespace tessera
