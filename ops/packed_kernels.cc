// Products of packed matrices and few rows, and what follows them. One row reads the weights as
// fast as the caches give them; from four rows on the multiplications take longer than the reading.
#include <algorithm>
#include <cmath>

#include "ops/kernel_math.h"
#include "ops/kernels.h"

namespace tessera::kernels {
namespace {

constexpr int64_t kHalf = kPanel / 2;

// The numbers of one register, by their count. A type that is wider than the registers would live
// in memory.
template <int kLanes>
struct Registers;
template <>
struct Registers<16> {
  using Floats = float __attribute__((vector_size(64), aligned(4), may_alias));
  using Words = int32_t __attribute__((vector_size(64), aligned(4), may_alias));
};
template <>
struct Registers<8> {
  using Floats = float __attribute__((vector_size(32), aligned(4), may_alias));
  using Words = int32_t __attribute__((vector_size(32), aligned(4), may_alias));
};

template <int kLanes>
struct Wide {
  using Floats = typename Registers<kLanes>::Floats;
  using Words = typename Registers<kLanes>::Words;

  // The weights of one input for kLanes outputs in the first half of the panel, and as many in the
  // last.
  struct Row {
    Floats low, high;
  };

  static INLINE const Floats& At(const float* x) { return *reinterpret_cast<const Floats*>(x); }
  static INLINE const Words& WordsAt(const void* w) { return *reinterpret_cast<const Words*>(w); }

  // From output `first` of each half on. odd: input % 2, which the compiler knows where inputs are
  // multiplied by twos.
  static INLINE Row RowAt(const float* panel, int64_t input, int64_t, int64_t first) {
    const float* w = panel + input * kPanel + first;
    return {At(w), At(w + kHalf)};
  }
  static INLINE Row RowAt(const Bf16* panel, int64_t input, int64_t, int64_t first) {
    const Words pairs = WordsAt(panel + input * kPanel + 2 * first);
    return {reinterpret_cast<Floats>(pairs << 16), reinterpret_cast<Floats>(pairs & -0x10000)};
  }
  static INLINE Row RowAt(const int8_t* panel, int64_t input, int64_t odd, int64_t first) {
    const Words pairs = WordsAt(panel + input / 2 * (2 * kPanel) + 4 * first) >> (odd * 16);
    return {__builtin_convertvector(pairs << 24 >> 24, Floats),
            __builtin_convertvector(pairs << 16 >> 24, Floats)};
  }
};

// The chains of each sum together, scaled, with the bias. output: of the first number.
template <int kRows, int kChains, int kLanes, class Weight>
INLINE void WriteSums(const typename Wide<kLanes>::Floats (&sum)[kChains][kRows][2],
                      const PackedProduct<Weight>& p, int64_t output, int64_t row) {
  using Floats = typename Wide<kLanes>::Floats;
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const int64_t first = output + half * kHalf;
      Floats total = sum[0][r][half];
#pragma GCC unroll 16
      for (int chain = 1; chain < kChains; ++chain) {
        total += sum[chain][r][half];
      }
      if (p.scale != nullptr) {
        total *= Wide<kLanes>::At(p.scale + first);
      }
      *reinterpret_cast<Floats*>(p.y + (row + r) * p.y_stride + first) =
          total + Wide<kLanes>::At(p.bias + first);
    }
  }
}

// kRows rows with kLanes outputs of each half of a panel, from `first` on. kChains sums of every
// kChains-th input do not wait for each other.
template <int kRows, int kChains, int kLanes, class Weight>
INLINE void MultiplyPart(const PackedProduct<Weight>& p, int64_t panel, int64_t row,
                         int64_t first) {
  const Weight* w = p.weight + panel * PackedInputs<Weight>(p.inputs) * kPanel;
  const float* x = p.x + row * p.x_stride;
  typename Wide<kLanes>::Floats sum[kChains][kRows][2] = {};
  int64_t i = 0;
  for (; i + kChains <= p.inputs; i += kChains) {
#pragma GCC unroll 16
    for (int chain = 0; chain < kChains; ++chain) {
      const int64_t odd = kChains % 2 == 0 ? chain % 2 : (i + chain) % 2;
      const auto weights = Wide<kLanes>::RowAt(w, i + chain, odd, first);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        sum[chain][r][0] += weights.low * x[r * p.x_stride + i + chain];
        sum[chain][r][1] += weights.high * x[r * p.x_stride + i + chain];
      }
    }
  }
  for (; i < p.inputs; ++i) {
    const auto weights = Wide<kLanes>::RowAt(w, i, i % 2, first);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      sum[0][r][0] += weights.low * x[r * p.x_stride + i];
      sum[0][r][1] += weights.high * x[r * p.x_stride + i];
    }
  }
  WriteSums<kRows, kChains, kLanes>(sum, p, panel * kPanel + first, row);
}

template <int kRows, int kChains, int kLanes, class Weight>
INLINE void Multiply(const PackedProduct<Weight>& p, int64_t panel, int64_t row) {
  for (int64_t first = 0; first < kHalf; first += kLanes) {
    MultiplyPart<kRows, kChains, kLanes>(p, panel, row, first);
  }
}

// Takes as many rows at a time as have their sums in registers: 32 of 16 numbers, or 16 of 8.
template <int kLanes, class Weight>
INLINE void MultiplyPanel(const PackedProduct<Weight>& p, int64_t panel) {
  int64_t row = 0;
  if constexpr (kLanes == 16) {
    for (; row + 12 <= p.rows; row += 12) {
      Multiply<12, 1, kLanes>(p, panel, row);
    }
  } else {
    for (; row + 6 <= p.rows; row += 6) {
      Multiply<6, 1, kLanes>(p, panel, row);
    }
  }
  for (; row + 4 <= p.rows; row += 4) {
    Multiply<4, 1, kLanes>(p, panel, row);
  }
  for (; row + 3 <= p.rows; row += 3) {
    Multiply<3, 1, kLanes>(p, panel, row);
  }
  for (; row + 2 <= p.rows; row += 2) {
    Multiply<2, 2, kLanes>(p, panel, row);
  }
  for (; row < p.rows; ++row) {
    Multiply<1, 4, kLanes>(p, panel, row);
  }
}

bool HasWideRegisters() {
  static const bool wide = __builtin_cpu_supports("avx512f");
  return wide;
}

template <class Weight>
WIDE void MultiplyPanels(const PackedProduct<Weight>& p, int64_t first, int64_t last, bool wide) {
  for (int64_t panel = first; panel < last; ++panel) {
    if (wide) {
      MultiplyPanel<16>(p, panel);
    } else {
      MultiplyPanel<8>(p, panel);
    }
  }
}

// Where the weight of a panel's output and an input lies in the panel.
INLINE int64_t PlaceOf(const float*, int64_t output, int64_t input) {
  return input * kPanel + output;
}
INLINE int64_t PlaceOf(const Bf16*, int64_t output, int64_t input) {
  return input * kPanel + output % kHalf * 2 + output / kHalf;
}
INLINE int64_t PlaceOf(const int8_t*, int64_t output, int64_t input) {
  return input / 2 * (2 * kPanel) + output % kHalf * 4 + input % 2 * 2 + output / kHalf;
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
  MultiplyPanels(*this, first, last, HasWideRegisters());
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
