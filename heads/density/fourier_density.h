// A density on [-1, 1] whose ends meet, from its Fourier series (De la Fuente et al. 2024, "Fourier
// basis density model"):
//   p(y) = |A(y)|^2 / (2 |a|^2),  A(y) = sum_k=0..N a_k e^(-i pi k y)
//        = 1/2 + Re sum_n=1..N g_n e^(i pi n y),  g_n = sum_k a_k conj(a_k+n) / |a|^2
// The square never is negative, whatever the rounding; the sum is what integrates in closed form.
// F = N + 1; parameters [..., 2 F] are the real parts of a, less 1 of a_0, then the imaginary ones:
// all 0 is the uniform density. C = places; ... = any axes.
#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// [..., 2 F], [...] -> [...]
Tensor FourierLogDensity(const Tensor& parameters, const Tensor& y);

// Real and imaginary parts of g_1 .. g_N.
struct FourierCoefficients {
  Tensor real;  // [..., N]
  Tensor imaginary;
};
FourierCoefficients CoefficientsOf(const Tensor& parameters);

// Phi(y) = integral of p from -1 to y
//        = (y + 1) / 2 + Re sum_n g_n (e^(i pi n y) - (-1)^n) / (i pi n).
// All densities are asked at the same places: [..., N], [C] -> [..., C].
Tensor FourierBelow(const FourierCoefficients& g, const Tensor& y_C);

// Integral of p'(y)^2 = pi^2 sum_n n^2 |g_n|^2.
Tensor FourierRoughness(const FourierCoefficients& g);

}  // namespace tessera
