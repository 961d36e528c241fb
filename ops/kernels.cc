#include "ops/kernels.h"

#include <algorithm>
#include <cmath>

#include "ops/kernel_math.h"

namespace tessera::kernels {
namespace {

INLINE float Sigmoid(float x) { return 1 / (1 + Exp(-x)); }

}  // namespace

template <class In, class Out>
WIDE void Norm(const RmsNorm<In, Out>& norm, Extent extent, float epsilon) {
  const int64_t dim = extent.dim;
  for (int64_t n = 0; n < extent.rows; ++n) {
    const In* x = norm.x + n * dim;
    Out* y = norm.y + n * dim;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < dim; ++i) {
      sum += Load(x[i]) * Load(x[i]);
    }
    const float scale = 1 / std::sqrt(sum / static_cast<float>(dim) + epsilon);
    norm.inverse_rms[n] = scale;
#pragma omp simd
    for (int64_t i = 0; i < dim; ++i) {
      Store(Load(x[i]) * scale * norm.weight[i], y[i]);
    }
  }
}

template <class In, class Out>
void RmsNorm<In, Out>::Run(Extent extent, double epsilon) const {
  Norm(*this, extent, static_cast<float>(epsilon));
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

template struct RmsNorm<float, float>;
template struct RmsNorm<float, Bf16>;
template struct RmsNorm<Bf16, Bf16>;
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
