// Products of packed matrices and few rows, and what follows them. One row reads the weights as
// fast as the caches give them; from four rows on the multiplications take longer than the reading.
#include <algorithm>
#include <cmath>

#include "ops/kernel_math.h"
#include "ops/kernels.h"

namespace tessera::kernels {
namespace {

constexpr int64_t kLanes = kPanel / 2;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
using Words = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t)), aligned(4), may_alias));

INLINE const Words& WordsAt(const void* w) { return *reinterpret_cast<const Words*>(w); }

struct PanelRow {
  Lanes low, high;  // the weights of one input in the first and the last half of the outputs
};

// odd: input % 2, which the compiler knows where inputs are multiplied by twos.
INLINE PanelRow RowAt(const float* panel, int64_t input, int64_t) {
  const float* w = panel + input * kPanel;
  return {*reinterpret_cast<const Lanes*>(w), *reinterpret_cast<const Lanes*>(w + kLanes)};
}
INLINE PanelRow RowAt(const Bf16* panel, int64_t input, int64_t) {
  const Words pairs = WordsAt(panel + input * kPanel);
  return {reinterpret_cast<Lanes>(pairs << 16), reinterpret_cast<Lanes>(pairs & -0x10000)};
}
INLINE PanelRow RowAt(const int8_t* panel, int64_t input, int64_t odd) {
  const Words pairs = WordsAt(panel + input / 2 * (2 * kPanel)) >> (odd * 16);
  return {__builtin_convertvector(pairs << 24 >> 24, Lanes),
          __builtin_convertvector(pairs << 16 >> 24, Lanes)};
}

// The chains of each sum together, scaled, with the bias.
template <int kRows, int kChains, class Weight>
INLINE void WriteSums(const Lanes (&sum)[kChains][kRows][2], const PackedProduct<Weight>& p,
                      int64_t panel, int64_t row) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const int64_t output = panel * kPanel + half * kLanes;
      Lanes total = sum[0][r][half];
#pragma GCC unroll 16
      for (int chain = 1; chain < kChains; ++chain) {
        total += sum[chain][r][half];
      }
      if (p.scale != nullptr) {
        total *= *reinterpret_cast<const Lanes*>(p.scale + output);
      }
      *reinterpret_cast<Lanes*>(p.y + (row + r) * p.y_stride + output) =
          total + *reinterpret_cast<const Lanes*>(p.bias + output);
    }
  }
}

// kRows rows with one panel. kChains sums of every kChains-th input do not wait for each other.
template <int kRows, int kChains, class Weight>
INLINE void Multiply(const PackedProduct<Weight>& p, int64_t panel, int64_t row) {
  const Weight* w = p.weight + panel * PackedInputs<Weight>(p.inputs) * kPanel;
  const float* x = p.x + row * p.x_stride;
  Lanes sum[kChains][kRows][2] = {};
  int64_t i = 0;
  for (; i + kChains <= p.inputs; i += kChains) {
#pragma GCC unroll 16
    for (int chain = 0; chain < kChains; ++chain) {
      const PanelRow weights = RowAt(w, i + chain, kChains % 2 == 0 ? chain % 2 : (i + chain) % 2);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        sum[chain][r][0] += weights.low * x[r * p.x_stride + i + chain];
        sum[chain][r][1] += weights.high * x[r * p.x_stride + i + chain];
      }
    }
  }
  for (; i < p.inputs; ++i) {
    const PanelRow weights = RowAt(w, i, i % 2);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      sum[0][r][0] += weights.low * x[r * p.x_stride + i];
      sum[0][r][1] += weights.high * x[r * p.x_stride + i];
    }
  }
  WriteSums(sum, p, panel, row);
}

// Sums of so many rows stay in registers: 32 of 16 numbers with AVX-512, else 16 of 8 or fewer.
int64_t RowsInRegisters() {
  static const int64_t rows = __builtin_cpu_supports("avx512f") ? 12 : 3;
  return rows;
}

template <class Weight>
WIDE void MultiplyPanels(const PackedProduct<Weight>& p, int64_t first, int64_t last,
                         int64_t most) {
  for (int64_t panel = first; panel < last; ++panel) {
    int64_t row = 0;
    if (most == 12) {
      for (; row + 12 <= p.rows; row += 12) {
        Multiply<12, 1>(p, panel, row);
      }
      for (; row + 4 <= p.rows; row += 4) {
        Multiply<4, 1>(p, panel, row);
      }
    }
    for (; row + 3 <= p.rows; row += 3) {
      Multiply<3, 1>(p, panel, row);
    }
    for (; row + 2 <= p.rows; row += 2) {
      Multiply<2, 2>(p, panel, row);
    }
    for (; row < p.rows; ++row) {
      Multiply<1, 4>(p, panel, row);
    }
  }
}

// Where the weight of a panel's output and an input lies in the panel.
INLINE int64_t PlaceOf(const float*, int64_t output, int64_t input) {
  return input * kPanel + output;
}
INLINE int64_t PlaceOf(const Bf16*, int64_t output, int64_t input) {
  return input * kPanel + output % kLanes * 2 + output / kLanes;
}
INLINE int64_t PlaceOf(const int8_t*, int64_t output, int64_t input) {
  return input / 2 * (2 * kPanel) + output % kLanes * 4 + input % 2 * 2 + output / kLanes;
}

INLINE void StoreSteps(float x, float, float& y) { y = x; }
INLINE void StoreSteps(float x, float, Bf16& y) { Store(x, y); }
INLINE void StoreSteps(float x, float step, int8_t& y) {
  y = static_cast<int8_t>(std::nearbyint(x / step));
}

// Returns the largest of a row's numbers as 127 steps.
float StepOf(const float* row, int64_t inputs) {
  float most = 1e-30f;
  for (int64_t i = 0; i < inputs; ++i) {
    most = std::max(most, std::abs(row[i]));
  }
  return most / 127;
}

}  // namespace

template <class Weight>
void Packing<Weight>::Run(int64_t first, int64_t last) const {
  constexpr int64_t kInputs = 16;  // of all outputs of a panel at a time, which a cache holds
  for (int64_t panel = first; panel < last; ++panel) {
    Weight* const w = to + panel * PackedInputs<Weight>(inputs) * kPanel;
    std::fill_n(w, PackedInputs<Weight>(inputs) * kPanel, Weight{});
    const float* const rows = from + panel * kPanel * inputs;
    const int64_t count = std::min(kPanel, outputs - panel * kPanel);
    for (int64_t o = 0; scale != nullptr && o < kPanel; ++o) {
      scale[panel * kPanel + o] = o < count ? StepOf(rows + o * inputs, inputs) : 1;
    }
    for (int64_t begin = 0; begin < inputs; begin += kInputs) {
      const int64_t end = std::min(begin + kInputs, inputs);
      for (int64_t o = 0; o < count; ++o) {
        const float step = scale == nullptr ? 1 : scale[panel * kPanel + o];
        for (int64_t i = begin; i < end; ++i) {
          StoreSteps(rows[o * inputs + i], step, w[PlaceOf(w, o, i)]);
        }
      }
    }
  }
}

template <class Weight>
void PackedProduct<Weight>::Run(int64_t first, int64_t last) const {
  MultiplyPanels(*this, first, last, RowsInRegisters());
}

WIDE void Silu(int64_t count, float* x) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    x[i] = x[i] / (1 + Exp(-x[i]));
  }
}

WIDE void AddProduct(int64_t count, const float* factor, const float* x, float* y) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    y[i] += factor[i] * x[i];
  }
}

WIDE void AddTo(int64_t count, const float* x, float* y) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    y[i] += x[i];
  }
}

template struct Packing<float>;
template struct Packing<Bf16>;
template struct Packing<int8_t>;
template struct PackedProduct<float>;
template struct PackedProduct<Bf16>;
template struct PackedProduct<int8_t>;

}  // namespace tessera::kernels
