#include "heads/diffusion/guided_network.h"

#include <ATen/Functions.h>

#include "heads/guidance_conditions.h"

namespace tessera {

GuidedNetwork::GuidedNetwork(const Denoiser& denoiser, const Tensor& tau_S,
                             const std::vector<GuidanceCondition>& guidance)
    : denoiser_(denoiser),
      weight_BN1_(
          StackOf(Weighted(guidance), &GuidanceCondition::weight_N1).to(tau_S.scalar_type())),
      modulation_(denoiser, tau_S, StackOf(Weighted(guidance), &GuidanceCondition::z_NZ)) {}

Tensor GuidedNetwork::Output(const Tensor& x_ND, int64_t level) {
  return Guided(x_ND, modulation_.At(level));
}

Tensor GuidedNetwork::OutputAt(const Tensor& x_ND, const Tensor& tau_N) {
  return Guided(x_ND, modulation_.AtTaus(tau_N));
}

Tensor GuidedNetwork::Guided(const Tensor& x_ND, const Tensor& modulation_BNM) {
  const Tensor output_BNO = denoiser_->Denoise(x_ND, modulation_BNM).to(x_ND.scalar_type());
  const Tensor first_NO = output_BNO.select(0, 0);
  if (weight_BN1_.size(0) == 1) {
    return first_NO;
  }
  const int64_t dim = x_ND.size(1);
  const Tensor prediction_ND = (weight_BN1_ * output_BNO.slice(2, 0, dim)).sum(0);
  const bool more = first_NO.size(1) > dim;
  return more ? at::cat({prediction_ND, first_NO.slice(1, dim)}, 1) : prediction_ND;
}

}  // namespace tessera
