#include "ops/swiglu.h"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/kernel_call.h"

namespace tessera {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class SwiGluFunction : public torch::autograd::Function<SwiGluFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& gate, const Tensor& up) {
    const Tensor y = at::empty_like(gate);
    WithNumber(gate.scalar_type(), [&](auto number) {
      using T = decltype(number);
      ForRows({gate.numel(), 1}, [&](int64_t first, int64_t count) {
        kernels::SwiGlu<T>(count, Numbers<T>(gate) + first, Numbers<T>(up) + first,
                           Numbers<T>(y) + first);
      });
    });
    context->save_for_backward({gate, up});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& dys) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &gate = saved[0], &up = saved[1], dy = dys[0].contiguous();
    const Tensor dgate = at::empty_like(gate), dup = at::empty_like(up);
    WithNumber(gate.scalar_type(), [&](auto number) {
      using T = decltype(number);
      ForRows({gate.numel(), 1}, [&](int64_t first, int64_t count) {
        kernels::SwiGluGradients<T>{Numbers<T>(gate) + first, Numbers<T>(up) + first,
                                    Numbers<T>(dy) + first, Numbers<T>(dgate) + first,
                                    Numbers<T>(dup) + first}
            .Run(count);
      });
    });
    return {dgate, dup};
  }
};

}  // namespace

Tensor SwiGlu(const Tensor& gate, const Tensor& up) {
  if (HasKernel(gate) && gate.scalar_type() == up.scalar_type()) {
    return SwiGluFunction::apply(gate.contiguous(), up.contiguous());
  }
  return at::silu(gate) * up;
}

}  // namespace tessera
