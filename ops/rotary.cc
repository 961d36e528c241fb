#include "ops/rotary.h"

#include <ATen/Functions.h>

#include <cmath>

namespace tessera {

Rotary MakeRotary(const Tensor& position_BT, int64_t head_dim, double theta, torch::Dtype dtype) {
  TORCH_CHECK(head_dim % 2 == 0, "head width ", head_dim, " is odd");
  const auto options = torch::TensorOptions(torch::kFloat64).device(position_BT.device());
  const Tensor frequency_E =
      at::exp(at::arange(0, head_dim, 2, options) * (-std::log(theta) / head_dim));
  const Tensor angle_BTE = position_BT.to(torch::kFloat64).unsqueeze(-1) * frequency_E;
  const Tensor cos = at::cos(angle_BTE), sin = at::sin(angle_BTE);
  return {at::cat({cos, cos}, -1).unsqueeze(2).to(dtype),
          at::cat({-sin, sin}, -1).unsqueeze(2).to(dtype)};
}

Tensor Rotate(const Tensor& x_BTHE, const Rotary& rotary) {
  const Tensor swapped = at::roll(x_BTHE, x_BTHE.size(-1) / 2, -1);
  return at::addcmul(x_BTHE * rotary.cos_BT1E, swapped, rotary.sin_BT1E);
}

}  // namespace tessera
