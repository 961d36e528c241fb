#include "ops/norm.h"

#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/kernel_call.h"

namespace tessera {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The gradient of a weight is summed in this many parts, whatever the number of threads.
constexpr int64_t kParts = 8;

torch::Dtype ProductType(const Tensor& x) {
  const auto device = x.device().type();
  return at::autocast::is_autocast_enabled(device) ? at::autocast::get_autocast_dtype(device)
                                                   : x.scalar_type();
}

// Calls f with numbers of the types of x and of y, of which y is not the wider.
template <class Function>
void WithNumbers(const Tensor& x, const Tensor& y, const Function& f) {
  WithNumber(y.scalar_type(), [&](auto out) {
    if (x.scalar_type() == y.scalar_type()) {
      f(out, out);
    } else {
      f(float{}, kernels::Bf16{});
    }
  });
}

class RmsNormFunction : public torch::autograd::Function<RmsNormFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        double epsilon, bool to_bf16) {
    const kernels::Extent extent = ExtentOf(x);
    const Tensor y =
        at::empty(x.sizes(), x.options().dtype(to_bf16 ? torch::kBFloat16 : x.scalar_type()));
    const Tensor inverse_rms_N = at::empty({extent.rows}, x.options().dtype(torch::kFloat32));
    WithNumbers(x, y, [&](auto in, auto out) {
      using In = decltype(in);
      using Out = decltype(out);
      ForRows(extent, [&](int64_t first, int64_t rows) {
        kernels::RmsNorm<In, Out>{Numbers<In>(x) + first * extent.dim, Numbers<float>(weight),
                                  Numbers<Out>(y) + first * extent.dim,
                                  Numbers<float>(inverse_rms_N) + first}
            .Run({rows, extent.dim}, epsilon);
      });
    });
    context->save_for_backward({x, weight, inverse_rms_N});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& dys) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &inverse_rms_N = saved[2];
    const Tensor dy = dys[0].contiguous(), dx = at::empty_like(x);
    const kernels::Extent extent = ExtentOf(x);
    const bool weighted = weight.requires_grad();
    const Tensor dweight_PD =
        weighted ? at::zeros({kParts, extent.dim}, inverse_rms_N.options()) : Tensor();
    const int64_t rows_a_part = (extent.rows + kParts - 1) / kParts;
    WithNumbers(x, dy, [&](auto in, auto out) {
      using In = decltype(in);
      using Out = decltype(out);
      at::parallel_for(0, kParts, 1, [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; ++part) {
          const int64_t first = std::min(part * rows_a_part, extent.rows);
          const int64_t rows = std::min(rows_a_part, extent.rows - first);
          const int64_t offset = first * extent.dim;
          kernels::RmsNormGradients<In, Out>{Numbers<In>(x) + offset,
                                             Numbers<float>(weight),
                                             Numbers<float>(inverse_rms_N) + first,
                                             Numbers<Out>(dy) + offset,
                                             Numbers<In>(dx) + offset,
                                             weighted ? Numbers<float>(dweight_PD[part]) : nullptr}
              .Run({rows, extent.dim});
        }
      });
    });
    return {dx, weighted ? dweight_PD.sum(0) : Tensor(), {}, {}};
  }
};

class ModulatedNormFunction : public torch::autograd::Function<ModulatedNormFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& shift,
                        const Tensor& scale, double epsilon) {
    const kernels::Extent extent = ExtentOf(x);
    const int64_t dim = extent.dim, stride = shift.stride(-2);
    const Tensor y = at::empty_like(x);
    const Tensor mean_N = at::empty({extent.rows}, x.options().dtype(torch::kFloat32));
    const Tensor inverse_std_N = at::empty_like(mean_N);
    WithNumber(x.scalar_type(), [&](auto number) {
      using T = decltype(number);
      ForRows(extent, [&](int64_t first, int64_t rows) {
        kernels::Modulation<T>{
            Numbers<T>(x) + first * dim,          Numbers<T>(shift) + first * stride,
            Numbers<T>(scale) + first * stride,   stride,
            Numbers<T>(y) + first * dim,          Numbers<float>(mean_N) + first,
            Numbers<float>(inverse_std_N) + first}
            .Run({rows, dim}, epsilon);
      });
    });
    context->save_for_backward({x, scale, mean_N, inverse_std_N});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& dys) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &scale = saved[1], &mean_N = saved[2], &inverse_std_N = saved[3];
    const Tensor dy = dys[0].contiguous(), dx = at::empty_like(x), dscale = at::empty_like(x);
    const kernels::Extent extent = ExtentOf(x);
    const int64_t dim = extent.dim, stride = scale.stride(-2);
    WithNumber(x.scalar_type(), [&](auto number) {
      using T = decltype(number);
      ForRows(extent, [&](int64_t first, int64_t rows) {
        kernels::ModulationGradients<T>{Numbers<T>(x) + first * dim,
                                        Numbers<T>(scale) + first * stride,
                                        stride,
                                        Numbers<float>(mean_N) + first,
                                        Numbers<float>(inverse_std_N) + first,
                                        Numbers<T>(dy) + first * dim,
                                        Numbers<T>(dx) + first * dim,
                                        Numbers<T>(dscale) + first * dim}
            .Run({rows, dim});
      });
    });
    return {dx, dy, dscale, {}};
  }
};

// Whether the rows of x are evenly spaced, `stride` numbers apart.
bool HasRows(const Tensor& x, int64_t stride) {
  if (x.dim() < 2 || x.stride(-1) != 1) {
    return false;
  }
  int64_t expected = stride;
  for (int64_t axis = x.dim() - 2; axis >= 0; --axis) {
    if (x.size(axis) != 1 && x.stride(axis) != expected) {
      return false;
    }
    expected *= x.size(axis);
  }
  return true;
}

bool CanModulate(const Tensor& x, const Tensor& shift, const Tensor& scale) {
  return HasKernel(x) && x.is_contiguous() && x.sizes() == shift.sizes() &&
         x.sizes() == scale.sizes() && x.scalar_type() == shift.scalar_type() &&
         x.scalar_type() == scale.scalar_type() && HasRows(shift, shift.stride(-2)) &&
         HasRows(scale, shift.stride(-2));
}

}  // namespace

Tensor RmsNorm(const Tensor& x, const Tensor& weight, double epsilon) {
  const torch::Dtype type = ProductType(x);
  const bool narrows = x.scalar_type() == torch::kFloat32 && type == torch::kBFloat16;
  if (HasKernel(x) && weight.scalar_type() == torch::kFloat32 &&
      (narrows || type == x.scalar_type())) {
    return RmsNormFunction::apply(x.contiguous(), weight, epsilon, narrows);
  }
  const Tensor scale = at::rsqrt(at::mean(at::square(x), {-1}, /*keepdim=*/true).add_(epsilon));
  return (x * scale * weight).to(type);
}

Tensor ModulatedNorm(const Tensor& x, const Tensor& shift, const Tensor& scale, double epsilon) {
  const Tensor each = x.expand_as(shift).contiguous();
  if (CanModulate(each, shift, scale)) {
    return ModulatedNormFunction::apply(each, shift, scale, epsilon);
  }
  const Tensor normal = at::layer_norm(x, {x.size(-1)}, {}, {}, epsilon);
  return at::addcmul(shift, normal, scale);
}

}  // namespace tessera
