#include "ops/rotary.h"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "ops/kernel_call.h"

namespace tessera {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The gradient of a rotation is turned back.
class RotateFunction : public torch::autograd::Function<RotateFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x_BTHE, const Tensor& cos_BT1E,
                        const Tensor& sin_BT1E) {
    context->save_for_backward({cos_BT1E, sin_BT1E});
    return Turned(x_BTHE, cos_BT1E, sin_BT1E, /*inverse=*/false);
  }

  static variable_list backward(AutogradContext* context, const variable_list& dy) {
    const variable_list saved = context->get_saved_variables();
    return {Turned(dy[0].contiguous(), saved[0], saved[1], /*inverse=*/true), {}, {}};
  }

 private:
  static Tensor Turned(const Tensor& x_BTHE, const Tensor& cos_BT1E, const Tensor& sin_BT1E,
                       bool inverse) {
    const Tensor y_BTHE = at::empty_like(x_BTHE);
    const int64_t heads = x_BTHE.size(2), dim = x_BTHE.size(3), slots = cos_BT1E.numel() / dim;
    WithNumber(x_BTHE.scalar_type(), [&](auto number) {
      using T = decltype(number);
      ForRows({slots, heads * dim}, [&](int64_t first, int64_t rows) {
        const int64_t offset = first * heads * dim;
        kernels::Rotation<T>{Numbers<T>(x_BTHE) + offset,
                             Numbers<float>(cos_BT1E) + first * dim,
                             Numbers<float>(sin_BT1E) + first * dim,
                             heads,
                             inverse,
                             Numbers<T>(y_BTHE) + offset}
            .Run({rows, dim});
      });
    });
    return y_BTHE;
  }
};

}  // namespace

Rotary MakeRotary(const Tensor& rotary_coordinate_BT2, int64_t head_dim,
                  const RotaryFrequencies& frequencies, torch::Dtype dtype) {
  const auto& [theta, factor, low, high, context] = frequencies;
  TORCH_CHECK(head_dim % 2 == 0, "head width ", head_dim, " is odd");
  const auto options = torch::TensorOptions(torch::kFloat64).device(rotary_coordinate_BT2.device());
  Tensor frequency_E = at::exp(at::arange(0, head_dim, 2, options) * (-std::log(theta) / head_dim));
  if (factor != 1) {
    const Tensor turns_E = frequency_E * (context / (2 * M_PI));
    const Tensor kept_E = at::clamp((turns_E - low) / (high - low), 0, 1);
    frequency_E = frequency_E * (kept_E + (1 - kept_E) / factor);
  }
  const int64_t pairs = head_dim / 2;
  const Tensor coordinate_BTE = rotary_coordinate_BT2.to(torch::kFloat64)
                                    .repeat({1, 1, (pairs + 1) / 2})
                                    .narrow(-1, 0, pairs);
  const Tensor angle_BTE = coordinate_BTE * frequency_E;
  const Tensor cos = at::cos(angle_BTE), sin = at::sin(angle_BTE);
  return {at::cat({cos, cos}, -1).unsqueeze(2).to(dtype),
          at::cat({-sin, sin}, -1).unsqueeze(2).to(dtype)};
}

Tensor Rotate(const Tensor& x_BTHE, const Rotary& rotary) {
  const auto [cos_BT1E, sin_BT1E] = rotary;
  const bool same_slots = cos_BT1E.size(0) == x_BTHE.size(0) && cos_BT1E.size(1) == x_BTHE.size(1);
  if (HasKernel(x_BTHE) && same_slots && cos_BT1E.scalar_type() == torch::kFloat32) {
    return RotateFunction::apply(x_BTHE.contiguous(), cos_BT1E.contiguous(), sin_BT1E.contiguous());
  }
  const Tensor swapped = at::roll(x_BTHE, x_BTHE.size(-1) / 2, -1);
  return at::addcmul(x_BTHE * cos_BT1E, swapped, sin_BT1E);
}

}  // namespace tessera
