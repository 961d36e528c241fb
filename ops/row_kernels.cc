// Kernels of generation, which reads few rows at a time.
#include <algorithm>
#include <cmath>

#include "ops/kernel_math.h"
#include "ops/kernels.h"

namespace tessera::kernels {
namespace {

constexpr int64_t kLanes = 16;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

INLINE const Lanes& LanesAt(const float* x) { return *reinterpret_cast<const Lanes*>(x); }

// By halves: 4 additions one after another instead of 15.
INLINE float Sum(const Lanes& x) {
  const auto half = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
                    __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto quarter = __builtin_shufflevector(half, half, 0, 1, 2, 3) +
                       __builtin_shufflevector(half, half, 4, 5, 6, 7);
  return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

// Four outputs at a time: x is loaded once for all four, and their sums do not wait for each other.
// `stride` numbers lie between the rows of weights.
INLINE void MultiplyRows(const float* weight, int64_t stride, const float* bias, const float* x,
                         float* y, int64_t inputs, int64_t begin, int64_t end) {
  constexpr int64_t kOutputs = 4;
  for (int64_t o = begin; o < end; o += kOutputs) {
    const int64_t count = std::min(kOutputs, end - o);
    const float* row[kOutputs];
    for (int64_t k = 0; k < kOutputs; ++k) {
      row[k] = weight + (o + std::min(k, count - 1)) * stride;
    }
    Lanes sum[kOutputs] = {};
    int64_t i = 0;
    for (; i + kLanes <= inputs; i += kLanes) {
      for (int64_t k = 0; k < kOutputs; ++k) {
        sum[k] += LanesAt(row[k] + i) * LanesAt(x + i);
      }
    }
    float total[kOutputs];
    for (int64_t k = 0; k < kOutputs; ++k) {
      total[k] = Sum(sum[k]);
    }
    for (int64_t k = 0; k < count; ++k) {
      for (int64_t rest = i; rest < inputs; ++rest) {
        total[k] += row[k][rest] * x[rest];
      }
      y[o + k] = total[k] + (bias == nullptr ? 0 : bias[o + k]);
    }
  }
}

// y[i] = sum of weight[s] * row s [i], rows `stride` apart: each number is summed in a register.
INLINE void MixRows(const float* weight, const float* row, int64_t stride, int64_t rows, float* y,
                    int64_t dim) {
  int64_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    Lanes sum = {};
    for (int64_t s = 0; s < rows; ++s) {
      sum += weight[s] * LanesAt(row + s * stride + i);
    }
    *reinterpret_cast<Lanes*>(y + i) = sum;
  }
  for (; i < dim; ++i) {
    float sum = 0;
    for (int64_t s = 0; s < rows; ++s) {
      sum += weight[s] * row[s * stride + i];
    }
    y[i] = sum;
  }
}

}  // namespace

WIDE void MatVec(const float* weight, const float* bias, const float* x, float* y, int64_t inputs,
                 int64_t begin, int64_t end) {
  MultiplyRows(weight, inputs, bias, x, y, inputs, begin, end);
}

WIDE void RowAttention::Run(int64_t queries) const {
  const int64_t stride = kv_heads * dim, share = heads / kv_heads;
  const float scale = 1 / std::sqrt(static_cast<float>(dim));
  for (int64_t query = 0; query < queries * heads; ++query) {
    const int64_t first = since[query / heads];
    const int64_t keys = std::min(seen[query / heads] + 1, slots) - first;
    const int64_t offset = first * stride + query % heads / share * dim;
    MultiplyRows(k + offset, stride, nullptr, q + query * dim, weight, dim, 0, keys);
    const float most = *std::max_element(weight, weight + keys);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t s = 0; s < keys; ++s) {
      weight[s] = Exp((weight[s] - most) * scale);
      sum += weight[s];
    }
    for (int64_t s = 0; s < keys; ++s) {
      weight[s] /= sum;
    }
    MixRows(weight, v + offset, stride, keys, y + query * dim, dim);
  }
}

}  // namespace tessera::kernels
