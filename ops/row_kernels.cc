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

struct Rows {
  const float* first;
  int64_t stride;  // numbers from one row to the next
  int64_t count;
  int64_t dim;  // numbers a row
};

// y[o] = row o x + bias[o]; bias may be null. Four outputs at a time: x is loaded once for all
// four, and their sums do not wait for each other.
INLINE void MultiplyRows(const Rows& rows, const float* bias, const float* x, float* y) {
  constexpr int64_t kOutputs = 4;
  for (int64_t o = 0; o < rows.count; o += kOutputs) {
    const int64_t count = std::min(kOutputs, rows.count - o);
    const float* row[kOutputs];
    for (int64_t k = 0; k < kOutputs; ++k) {
      row[k] = rows.first + (o + std::min(k, count - 1)) * rows.stride;
    }
    Lanes sum[kOutputs] = {};
    int64_t i = 0;
    for (; i + kLanes <= rows.dim; i += kLanes) {
      for (int64_t k = 0; k < kOutputs; ++k) {
        sum[k] += LanesAt(row[k] + i) * LanesAt(x + i);
      }
    }
    float total[kOutputs];
    for (int64_t k = 0; k < kOutputs; ++k) {
      total[k] = Sum(sum[k]);
    }
    for (int64_t k = 0; k < count; ++k) {
      for (int64_t rest = i; rest < rows.dim; ++rest) {
        total[k] += row[k][rest] * x[rest];
      }
      y[o + k] = total[k] + (bias == nullptr ? 0 : bias[o + k]);
    }
  }
}

// y[i] += sum of weight[s] * row s [i]: each number is summed in a register.
INLINE void AddRows(const float* weight, const Rows& rows, float* y) {
  int64_t i = 0;
  for (; i + kLanes <= rows.dim; i += kLanes) {
    Lanes sum = LanesAt(y + i);
    for (int64_t s = 0; s < rows.count; ++s) {
      sum += weight[s] * LanesAt(rows.first + s * rows.stride + i);
    }
    *reinterpret_cast<Lanes*>(y + i) = sum;
  }
  for (; i < rows.dim; ++i) {
    for (int64_t s = 0; s < rows.count; ++s) {
      y[i] += weight[s] * rows.first[s * rows.stride + i];
    }
  }
}

// x = softmax(x * scale)
INLINE void Softmax(float* x, int64_t count, float scale) {
  const float most = *std::max_element(x, x + count);
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) {
    x[i] = Exp((x[i] - most) * scale);
    sum += x[i];
  }
  for (int64_t i = 0; i < count; ++i) {
    x[i] /= sum;
  }
}

}  // namespace

WIDE void MatVec::Run(int64_t begin, int64_t end) const {
  MultiplyRows({weight + begin * inputs, inputs, end - begin, inputs},
               bias == nullptr ? nullptr : bias + begin, x, y + begin);
}

// Slots outside, heads inside: keys and values are read in the order in which they lie.
WIDE void RowAttention::Run(int64_t queries) const {
  constexpr int64_t kSlots = 4;  // at a time
  const int64_t share = heads / kv_heads;
  const float scale = 1 / std::sqrt(static_cast<float>(dim));
  for (int64_t t = 0; t < queries; ++t) {
    const float* q_t = q + t * heads * dim;
    float* y_t = y + t * heads * dim;
    const int64_t end = std::min(seen[t] + 1, slots);
    for (int64_t s = since[t]; s < end; s += kSlots) {
      for (int64_t head = 0; head < heads; ++head) {
        MultiplyRows({k + s * stride + head / share * dim, stride, std::min(kSlots, end - s), dim},
                     nullptr, q_t + head * dim, weight + head * slots + s);
      }
    }
    for (int64_t head = 0; head < heads; ++head) {
      Softmax(weight + head * slots + since[t], end - since[t], scale);
    }
    std::fill_n(y_t, heads * dim, 0.f);
    for (int64_t s = since[t]; s < end; s += kSlots) {
      for (int64_t head = 0; head < heads; ++head) {
        AddRows(weight + head * slots + s,
                {v + s * stride + head / share * dim, stride, std::min(kSlots, end - s), dim},
                y_t + head * dim);
      }
    }
  }
}

}  // namespace tessera::kernels
