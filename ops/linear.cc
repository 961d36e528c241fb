#include "ops/linear.h"

#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <array>

#include "ops/kernel_call.h"

namespace tessera {
namespace {

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

}  // namespace

Tensor Linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return IsFewRows(x, weight) ? MultiplyFewRows(x, weight, bias) : at::linear(x, weight, bias);
}

}  // namespace tessera
