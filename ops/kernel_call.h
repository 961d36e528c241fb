// Between tensors and kernels.h: which tensors it takes, as what numbers, on how many threads.
#pragma once

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>

#include "ops/kernels.h"

namespace tessera {

inline bool HasKernel(const torch::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16);
}

// Calls f with a number of the kernels' type.
template <class Function>
void WithNumber(torch::Dtype dtype, const Function& f) {
  if (dtype == torch::kBFloat16) {
    f(kernels::Bf16{});
  } else {
    TORCH_CHECK(dtype == torch::kFloat32, "no kernel for ", dtype);
    f(float{});
  }
}

template <class Number>
Number* Numbers(const torch::Tensor& x) {
  return x.defined() ? static_cast<Number*>(x.data_ptr()) : nullptr;
}

// The rows of x as kernels see them: all but the last axis.
inline kernels::Extent ExtentOf(const torch::Tensor& x) {
  return {x.numel() / std::max<int64_t>(1, x.size(-1)), x.size(-1)};
}

// Calls f(first, count) on threads, each for a share of the rows that is worth its start.
template <class Function>
void ForRows(kernels::Extent extent, const Function& f) {
  constexpr int64_t kNumbersAThread = 1 << 14;
  const int64_t grain = std::max<int64_t>(1, kNumbersAThread / std::max<int64_t>(1, extent.dim));
  at::parallel_for(0, extent.rows, grain,
                   [&](int64_t begin, int64_t end) { f(begin, end - begin); });
}

}  // namespace tessera
