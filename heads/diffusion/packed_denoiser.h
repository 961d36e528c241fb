// The denoiser with packed weights (ops/packed_linear.h), for drawing: a look of the sampler is one
// call, whose rows are the patches under each guidance condition. It computes on the CPU in float
// and is equal to the denoiser but for the order of its sums, or for its rounded weights. Weights
// are packed when it is made, and must not change while it is used. S = noise levels.
#pragma once

#include <memory>

#include "heads/diffusion/denoiser.h"
#include "heads/diffusion/guided_network.h"
#include "heads/image_head.h"

namespace tessera {

class PackedDenoiser {
 public:
  virtual ~PackedDenoiser() = default;

  // The network prepared for these levels and conditions, which are floats. This must outlive it.
  virtual std::shared_ptr<GuidedNetwork> Under(const Tensor& tau_S,
                                               const Conditions& conditions) = 0;
};

// Null unless the weights are floats on the CPU.
std::unique_ptr<PackedDenoiser> MakePackedDenoiser(Denoiser denoiser, WeightStorage storage);

}  // namespace tessera
