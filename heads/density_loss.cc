#include "heads/density_loss.h"

#include <ATen/Functions.h>

#include <numbers>

namespace tessera {

HeadLoss MassLoss(const Tensor& log_mass_NM, int64_t patch_dim) {
  const Tensor nats_N = log_mass_NM.sum(1) / -static_cast<double>(patch_dim);
  return {.mean = nats_N.mean(), .by_patch_N = nats_N.detach(), .level_M = {}, .by_level_M = {}};
}

HeadLoss DensityLoss(const Tensor& log_density_NM, int64_t patch_dim) {
  const double nats_a_part = kNatsPerPixelValue * static_cast<double>(patch_dim) /
                             static_cast<double>(log_density_NM.size(1));
  return MassLoss(log_density_NM - nats_a_part, patch_dim);
}

Tensor BitsOf(const Tensor& log_mass_NM, int64_t patch_dim) {
  return log_mass_NM.to(torch::kDouble).sum(1) /
         (-static_cast<double>(patch_dim) * std::numbers::ln2);
}

}  // namespace tessera
