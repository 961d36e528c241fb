#include "ops/linear.h"

#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <utility>

#include "ops/kernel_call.h"

namespace tessera {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

thread_local const LowRankChanges* changes_here = nullptr;

// Up to this many rows the weights are read faster than a matrix product reads them.
constexpr int64_t kFewRows = 6;

bool IsFewRows(const Tensor& x, const Tensor& weight) {
  return x.numel() <= kFewRows * x.size(-1) && x.is_cpu() && x.scalar_type() == torch::kFloat32 &&
         weight.scalar_type() == torch::kFloat32 && weight.is_contiguous() &&
         !at::GradMode::is_enabled() && !at::autocast::is_autocast_enabled(at::kCPU);
}

Tensor MultiplyFewRows(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  // Who counts or times operations sees this one as it sees those of LibTorch.
  const std::array<c10::IValue, 2> arguments = {x, weight};
  RECORD_FUNCTION("tessera::multiply_few_rows", arguments);
  const int64_t outputs = weight.size(0), inputs = weight.size(1);
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = outputs;
  const Tensor rows = x.contiguous(), y = at::empty(sizes, x.options());
  // All rows meet a few weights while these are in the cache, so that memory is read once.
  constexpr int64_t kOutputs = 16;
  ForRows({outputs, inputs}, [&](int64_t first, int64_t count) {
    for (int64_t begin = first; begin < first + count; begin += kOutputs) {
      const int64_t end = std::min(begin + kOutputs, first + count);
      for (int64_t row = 0; row < ExtentOf(rows).rows; ++row) {
        kernels::MatVec{Numbers<float>(weight), Numbers<float>(bias),
                        Numbers<float>(rows) + row * inputs, Numbers<float>(y) + row * outputs,
                        inputs}
            .Run(begin, end);
      }
    }
  });
  return y;
}

bool IsWidened(const Tensor& x, const Tensor& weight) {
  return weight.scalar_type() == torch::kBFloat16 && x.scalar_type() != torch::kBFloat16 &&
         !at::autocast::is_autocast_enabled(x.device().type());
}

// A product with a matrix that is kept in bf16: wide numbers of one matrix are there at a time,
// forward and backward. It keeps nothing of x, since the matrix has no gradient.
class WidenedProduct : public torch::autograd::Function<WidenedProduct> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight) {
    context->save_for_backward({weight});
    return at::linear(x, weight.to(x.scalar_type()));
  }

  static variable_list backward(AutogradContext* context, const variable_list& dys) {
    const Tensor weight = context->get_saved_variables()[0];
    return {at::matmul(dys[0], weight.to(dys[0].scalar_type())), Tensor()};
  }
};

Tensor Product(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (IsFewRows(x, weight)) {
    return MultiplyFewRows(x, weight, bias);
  }
  if (IsWidened(x, weight)) {
    TORCH_CHECK(!at::GradMode::is_enabled() || !weight.requires_grad(),
                "a matrix in bf16 has no gradient beside other numbers");
    const Tensor y = WidenedProduct::apply(x, weight);
    return bias.defined() ? y + bias : y;
  }
  return at::linear(x, weight, bias);
}

// The rows of B that belong to `weight`, which is the matrix or some of its rows.
Tensor RowsOfB(const LowRankChange& change, const Tensor& weight) {
  return change.b_OR.narrow(0, weight.storage_offset() / weight.stride(0), weight.size(0));
}

}  // namespace

LowRankScope::LowRankScope(LowRankChanges changes)
    : changes_(std::move(changes)), before_(std::exchange(changes_here, &changes_)) {}

LowRankScope::~LowRankScope() { changes_here = before_; }

Tensor Linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y = Product(x, weight, bias);
  if (changes_here == nullptr) {
    return y;
  }
  const auto found = changes_here->find(weight.storage().unsafeGetStorageImpl());
  if (found == changes_here->end()) {
    return y;
  }
  const LowRankChange& change = found->second;
  const Tensor reading_RI = change.kept_I.defined() ? change.a_RI * change.kept_I : change.a_RI;
  return at::add(y, at::linear(at::linear(x, reading_RI), RowsOfB(change, weight)), change.scale);
}

}  // namespace tessera
