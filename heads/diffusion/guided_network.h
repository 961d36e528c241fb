// A denoising network during one sampling run, under a weighted sum of conditions (classifier-free
// guidance, Ho and Salimans 2022). N = patches, D = numbers a patch, O = outputs a patch (D, or
// more with a learned variance), B = guidance conditions.
#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

class GuidedNetwork {
 public:
  virtual ~GuidedNetwork() = default;

  // Returns the output [N, O] for patches that carry the noise of level `level` of the run: under
  // all conditions, or, where not `guided`, under the first alone.
  virtual Tensor Output(const Tensor& x_ND, int64_t level, bool guided) = 0;

  // Returns the output for patches that carry noise of a level of their own each, differentiable in
  // both. The amed sampler alone asks for it; a network that cannot answer throws.
  virtual Tensor OutputAt(const Tensor& x_ND, const Tensor& tau_N, bool guided);
};

// Sums the B predictions, the first `dim` outputs, by their weights: [B, N, O] -> [N, O]. Outputs
// beyond the prediction are those of the first condition.
Tensor GuidedSum(const Tensor& output_BNO, const Tensor& weight_BN1, int64_t dim);

}  // namespace tessera
