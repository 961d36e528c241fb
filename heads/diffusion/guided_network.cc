#include "heads/diffusion/guided_network.h"

#include <ATen/Functions.h>

namespace tessera {

Tensor GuidedNetwork::OutputAt(const Tensor&, const Tensor&, bool) {
  TORCH_CHECK(false, "this network knows no noise levels but those of the sampling run");
}

Tensor GuidedSum(const Tensor& output_BNO, const Tensor& weight_BN1, int64_t dim) {
  const Tensor first_NO = output_BNO.select(0, 0);
  if (weight_BN1.size(0) == 1) {
    return first_NO;
  }
  const Tensor prediction_ND = (weight_BN1 * output_BNO.slice(2, 0, dim)).sum(0);
  const bool more = first_NO.size(1) > dim;
  return more ? at::cat({prediction_ND, first_NO.slice(1, dim)}, 1) : prediction_ND;
}

}  // namespace tessera
