#include "ops/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

// Compiled three times, for the vector widths of 2003, 2013 and 2017; the loader takes the widest.
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define INLINE inline __attribute__((always_inline))

namespace tessera::kernels {
namespace {

INLINE float Load(float x) { return x; }
INLINE float Load(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }
INLINE void Store(float x, float& y) { y = x; }
// To nearest, ties to even.
INLINE void Store(float x, Bf16& y) {
  const auto bits = std::bit_cast<uint32_t>(x);
  y.bits = static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// e^x to 2 units in the last place, without a branch, so that loops over it are vectorised:
// 2^n e^r with |r| <= ln(2) / 2 and a Taylor polynomial for e^r.
INLINE float Exp(float x) {
  constexpr float kLog2e = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.f;  // 1.5 * 2^23: adding it leaves the nearest integer below
  x = std::min(std::max(x, -87.f), 88.f);
  const float n = (x * kLog2e + kRound) - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  const float high = 1.f / 24 + r * (1.f / 120 + r * (1.f / 720 + r * (1.f / 5040)));
  const float p = 1 + r * (1 + r * (.5f + r * (1.f / 6 + r * high)));
  return std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23) * p;
}

INLINE float Sigmoid(float x) { return 1 / (1 + Exp(-x)); }

}  // namespace

template <class In, class Out>
WIDE void RmsNorm(Extent extent, const In* x, const float* weight, double epsilon, Out* y,
                  float* inverse_rms) {
  const int64_t dim = extent.dim;
  for (int64_t n = 0; n < extent.rows; ++n, x += dim, y += dim) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < dim; ++i) {
      sum += Load(x[i]) * Load(x[i]);
    }
    const float scale = 1 / std::sqrt(sum / static_cast<float>(dim) + static_cast<float>(epsilon));
    inverse_rms[n] = scale;
#pragma omp simd
    for (int64_t i = 0; i < dim; ++i) {
      Store(Load(x[i]) * scale * weight[i], y[i]);
    }
  }
}

// With s = 1 / rms and a = dy * weight: dx = s a - x s^3 mean(a x), dweight = sum of dy x s.
template <class In, class Out>
WIDE void Gradients(const RmsNormGradients<In, Out>& g, Extent extent) {
  const int64_t dim = extent.dim;
  for (int64_t n = 0; n < extent.rows; ++n) {
    const In* x = g.x + n * dim;
    const Out* dy = g.dy + n * dim;
    In* dx = g.dx + n * dim;
    const float s = g.inverse_rms[n];
    float dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t i = 0; i < dim; ++i) {
      dot += Load(dy[i]) * g.weight[i] * Load(x[i]);
    }
    const float along = s * s * s * dot / static_cast<float>(dim);
#pragma omp simd
    for (int64_t i = 0; i < dim; ++i) {
      Store(s * Load(dy[i]) * g.weight[i] - along * Load(x[i]), dx[i]);
    }
    if (g.dweight != nullptr) {
#pragma omp simd
      for (int64_t i = 0; i < dim; ++i) {
        g.dweight[i] += Load(dy[i]) * Load(x[i]) * s;
      }
    }
  }
}

template <class In, class Out>
void RmsNormGradients<In, Out>::Run(Extent extent) const {
  Gradients(*this, extent);
}

template <class T>
WIDE void Rotate(const Rotation<T>& r, Extent extent) {
  const int64_t dim = extent.dim, half = dim / 2;
  const float sign = r.inverse ? -1 : 1;
  for (int64_t n = 0; n < extent.rows; ++n) {
    const float* cos = r.cos + n * dim;
    const float* sin = r.sin + n * dim + half;  // the half that is not negated
    for (int64_t head = 0; head < r.heads; ++head) {
      const T* x = r.x + (n * r.heads + head) * dim;
      T* y = r.y + (n * r.heads + head) * dim;
#pragma omp simd
      for (int64_t i = 0; i < half; ++i) {
        const float a = Load(x[i]), b = Load(x[i + half]), s = sign * sin[i];
        Store(a * cos[i] - b * s, y[i]);
        Store(b * cos[i] + a * s, y[i + half]);
      }
    }
  }
}

template <class T>
void Rotation<T>::Run(Extent extent) const {
  Rotate(*this, extent);
}

template <class T>
WIDE void SwiGlu(int64_t count, const T* gate, const T* up, T* y) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float a = Load(gate[i]);
    Store(a * Sigmoid(a) * Load(up[i]), y[i]);
  }
}

template <class T>
WIDE void Gradients(const SwiGluGradients<T>& g, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float a = Load(g.gate[i]), b = Load(g.up[i]), dy = Load(g.dy[i]), s = Sigmoid(a);
    Store(dy * b * s * (1 + a * (1 - s)), g.dgate[i]);
    Store(dy * a * s, g.dup[i]);
  }
}

template <class T>
void SwiGluGradients<T>::Run(int64_t count) const {
  Gradients(*this, count);
}

template <class T>
WIDE void Modulate(const Modulation<T>& m, Extent extent, float epsilon) {
  const int64_t dim = extent.dim;
  for (int64_t n = 0; n < extent.rows; ++n) {
    const T* x = m.x + n * dim;
    const T* shift = m.shift + n * m.stride;
    const T* scale = m.scale + n * m.stride;
    T* y = m.y + n * dim;
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < dim; ++i) {
      sum += Load(x[i]);
    }
    const float mean = sum / static_cast<float>(dim);
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < dim; ++i) {
      squares += (Load(x[i]) - mean) * (Load(x[i]) - mean);
    }
    const float inverse_std = 1 / std::sqrt(squares / static_cast<float>(dim) + epsilon);
    m.mean[n] = mean;
    m.inverse_std[n] = inverse_std;
#pragma omp simd
    for (int64_t i = 0; i < dim; ++i) {
      Store((Load(x[i]) - mean) * inverse_std * Load(scale[i]) + Load(shift[i]), y[i]);
    }
  }
}

template <class T>
void Modulation<T>::Run(Extent extent, double epsilon) const {
  Modulate(*this, extent, static_cast<float>(epsilon));
}

// With u the normed row and a = dy * scale: dx = (a - mean(a) - u mean(a u)) / std.
template <class T>
WIDE void Gradients(const ModulationGradients<T>& g, Extent extent) {
  const int64_t dim = extent.dim;
  for (int64_t n = 0; n < extent.rows; ++n) {
    const T* x = g.x + n * dim;
    const T* scale = g.scale + n * g.stride;
    const T* dy = g.dy + n * dim;
    T* dx = g.dx + n * dim;
    T* dscale = g.dscale + n * dim;
    const float mean = g.mean[n], inverse_std = g.inverse_std[n];
    float sum = 0, dot = 0;
#pragma omp simd reduction(+ : sum, dot)
    for (int64_t i = 0; i < dim; ++i) {
      const float a = Load(dy[i]) * Load(scale[i]);
      sum += a;
      dot += a * (Load(x[i]) - mean) * inverse_std;
    }
    sum /= static_cast<float>(dim);
    dot /= static_cast<float>(dim);
#pragma omp simd
    for (int64_t i = 0; i < dim; ++i) {
      const float u = (Load(x[i]) - mean) * inverse_std;
      Store(Load(dy[i]) * u, dscale[i]);
      Store((Load(dy[i]) * Load(scale[i]) - sum - u * dot) * inverse_std, dx[i]);
    }
  }
}

template <class T>
void ModulationGradients<T>::Run(Extent extent) const {
  Gradients(*this, extent);
}

// Four outputs at a time: x is loaded once for all four, and their sums do not wait for each other.
WIDE void MatVec(const float* weight, const float* bias, const float* x, float* y, int64_t inputs,
                 int64_t begin, int64_t end) {
  constexpr int64_t kOutputs = 4, kLanes = 16;
  using Lanes = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
  for (int64_t o = begin; o < end; o += kOutputs) {
    const int64_t count = std::min(kOutputs, end - o);
    const float* row[kOutputs];
    for (int64_t k = 0; k < kOutputs; ++k) {
      row[k] = weight + (o + std::min(k, count - 1)) * inputs;
    }
    Lanes sum[kOutputs] = {};
    int64_t i = 0;
    for (; i + kLanes <= inputs; i += kLanes) {
      for (int64_t k = 0; k < kOutputs; ++k) {
        sum[k] +=
            *reinterpret_cast<const Lanes*>(row[k] + i) * *reinterpret_cast<const Lanes*>(x + i);
      }
    }
    for (int64_t k = 0; k < count; ++k) {
      float total = bias == nullptr ? 0 : bias[o + k];
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        total += sum[k][lane];
      }
      for (int64_t rest = i; rest < inputs; ++rest) {
        total += row[k][rest] * x[rest];
      }
      y[o + k] = total;
    }
  }
}

WIDE void RowAttention::Run(int64_t queries) const {
  const int64_t stride = kv_heads * dim, share = heads / kv_heads;
  const float scale = 1 / std::sqrt(static_cast<float>(dim));
  for (int64_t query = 0; query < queries * heads; ++query) {
    const int64_t keys = std::min(seen[query / heads] + 1, slots),
                  offset = query % heads / share * dim;
    const float* from = q + query * dim;
    float* to = y + query * dim;
    float most = -std::numeric_limits<float>::infinity();
    for (int64_t s = 0; s < keys; ++s) {
      const float* key = k + s * stride + offset;
      float product = 0;
#pragma omp simd reduction(+ : product)
      for (int64_t i = 0; i < dim; ++i) {
        product += from[i] * key[i];
      }
      weight[s] = product * scale;
      most = std::max(most, weight[s]);
    }
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t s = 0; s < keys; ++s) {
      weight[s] = Exp(weight[s] - most);
      sum += weight[s];
    }
    std::fill_n(to, dim, 0.f);
    for (int64_t s = 0; s < keys; ++s) {
      const float share_of_s = weight[s] / sum;
      const float* value = v + s * stride + offset;
#pragma omp simd
      for (int64_t i = 0; i < dim; ++i) {
        to[i] += share_of_s * value[i];
      }
    }
  }
}

template void RmsNorm(Extent, const float*, const float*, double, float*, float*);
template void RmsNorm(Extent, const float*, const float*, double, Bf16*, float*);
template void RmsNorm(Extent, const Bf16*, const float*, double, Bf16*, float*);
template struct RmsNormGradients<float, float>;
template struct RmsNormGradients<float, Bf16>;
template struct RmsNormGradients<Bf16, Bf16>;
template struct Rotation<float>;
template struct Rotation<Bf16>;
template void SwiGlu(int64_t, const float*, const float*, float*);
template void SwiGlu(int64_t, const Bf16*, const Bf16*, Bf16*);
template struct SwiGluGradients<float>;
template struct SwiGluGradients<Bf16>;
template struct Modulation<float>;
template struct Modulation<Bf16>;
template struct ModulationGradients<float>;
template struct ModulationGradients<Bf16>;

}  // namespace tessera::kernels
