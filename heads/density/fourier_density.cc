#include "heads/density/fourier_density.h"

#include <ATen/Functions.h>

#include <numbers>
#include <vector>

namespace tessera {
namespace {

constexpr double kMinDensity = 1e-20;  // where A has a root

struct Amplitudes {
  Tensor real;  // [..., F]
  Tensor imaginary;
};

Amplitudes AmplitudesOf(const Tensor& parameters) {
  const std::vector<Tensor> halves = parameters.chunk(2, -1);
  const Tensor first = at::zeros({halves[0].size(-1)}, parameters.options());
  first[0] = 1;
  return {halves[0] + first, halves[1]};
}

// pi k y for k in [first, last]
Tensor Angles(const Tensor& y, int64_t first, int64_t last) {
  return y.unsqueeze(-1) * (at::arange(first, last + 1, y.options()) * std::numbers::pi);
}

// |a|^2 [...]
Tensor SquaredNorm(const Amplitudes& a) {
  return a.real.square().sum(-1) + a.imaginary.square().sum(-1);
}

Tensor LogOf(const Tensor& density) { return density.clamp_min(kMinDensity).log(); }

}  // namespace

Tensor FourierLogDensity(const Tensor& parameters, const Tensor& y) {
  const Amplitudes a = AmplitudesOf(parameters);
  const Tensor angle = Angles(y, 0, a.real.size(-1) - 1);
  const Tensor cosine = angle.cos(), sine = angle.sin();
  const Tensor real = (a.real * cosine + a.imaginary * sine).sum(-1);
  const Tensor imaginary = (a.imaginary * cosine - a.real * sine).sum(-1);
  return LogOf((real.square() + imaginary.square()) / (2 * SquaredNorm(a)));
}

FourierCoefficients CoefficientsOf(const Tensor& parameters) {
  const Amplitudes a = AmplitudesOf(parameters);
  const int64_t size = a.real.size(-1);
  const Tensor norm = SquaredNorm(a).unsqueeze(-1);
  std::vector<Tensor> real, imaginary;
  for (int64_t n = 1; n < size; ++n) {
    const auto low = [&](const Tensor& part) { return part.slice(-1, 0, size - n); };
    const auto high = [&](const Tensor& part) { return part.slice(-1, n); };
    real.push_back((low(a.real) * high(a.real) + low(a.imaginary) * high(a.imaginary)).sum(-1));
    imaginary.push_back(
        (low(a.imaginary) * high(a.real) - low(a.real) * high(a.imaginary)).sum(-1));
  }
  return {at::stack(real, -1) / norm, at::stack(imaginary, -1) / norm};
}

Tensor FourierBelow(const FourierCoefficients& g, const Tensor& y_C) {
  const int64_t frequencies = g.real.size(-1);
  const Tensor angle_NC = Angles(y_C, 1, frequencies).t();
  const Tensor n_N1 = at::arange(1, frequencies + 1, y_C.options()).unsqueeze(1);
  const Tensor sign_N1 = 1 - 2 * at::remainder(n_N1, 2);
  const Tensor scale_N1 = 1 / (n_N1 * std::numbers::pi);
  return (y_C + 1) / 2 + g.real.matmul(scale_N1 * angle_NC.sin()) +
         g.imaginary.matmul(scale_N1 * (angle_NC.cos() - sign_N1));
}

Tensor FourierRoughness(const FourierCoefficients& g) {
  const Tensor n = at::arange(1, g.real.size(-1) + 1, g.real.options());
  return (n.square() * (g.real.square() + g.imaginary.square())).sum(-1) *
         (std::numbers::pi * std::numbers::pi);
}

}  // namespace tessera
