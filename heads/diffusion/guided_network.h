// The network during one sampling run, under a weighted sum of conditions (classifier-free
// guidance, Ho and Salimans 2022). N = patches, D = numbers a patch, O = outputs, S = noise levels,
// B = guidance.
#pragma once

#include <vector>

#include "heads/diffusion/denoiser.h"
#include "heads/image_head.h"

namespace tessera {

class GuidedNetwork {
 public:
  // GuidanceConditions without any weight are left out, so that guidance at 0 and at 1 costs what
  // no guidance does and gives the same numbers.
  GuidedNetwork(const Denoiser& denoiser, const Tensor& tau_S,
                const std::vector<GuidanceCondition>& guidance);

  // [N, O]: sum of the guidance' predictions, all made in one call. What the network puts out
  // beyond the prediction's D numbers is that of the first condition.
  Tensor Output(const Tensor& x_ND, int64_t level);

  // The same at each patch's own level. Differentiable.
  Tensor OutputAt(const Tensor& x_ND, const Tensor& tau_N);

 private:
  Tensor Guided(const Tensor& x_ND, const Tensor& modulation_BNM);

  Denoiser denoiser_;
  Tensor weight_BN1_;
  PreparedModulation modulation_;
};

}  // namespace tessera
