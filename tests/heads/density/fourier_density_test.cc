#include "heads/density/fourier_density.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <numbers>

#include "ops/random.h"

namespace tessera {
namespace {

using std::numbers::pi;

constexpr int64_t kFrequencies = 6;

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

// [3, 2 F]: three densities with much structure.
Tensor Parameters() { return torch::randn({3, 2 * (kFrequencies + 1)}, Rng(1), torch::kDouble); }

Tensor Places(int64_t count) { return torch::linspace(-1, 1, count, torch::kDouble); }

// a as it is meant: complex, [..., F].
Tensor Complex(const Tensor& parameters) {
  Tensor a = torch::complex(parameters.chunk(2, -1)[0], parameters.chunk(2, -1)[1]).clone();
  a.select(-1, 0) += 1;
  return a;
}

Tensor FromComplex(const Tensor& a) {
  Tensor parameters = torch::cat({torch::real(a), torch::imag(a)}, -1);
  parameters.select(-1, 0) -= 1;
  return parameters;
}

Tensor Density(const Tensor& parameters, const Tensor& y_C) {
  return FourierLogDensity(parameters.unsqueeze(1), y_C).exp();
}

void ExpectClose(const Tensor& a, const Tensor& b, double tolerance) {
  EXPECT_LT((a - b).abs().max().item<double>(), tolerance);
}

TEST(FourierDensity, IsTheSeriesOfItsAutocorrelation) {
  const Tensor a = Complex(Parameters()), y_C = Places(101);
  Tensor series = torch::full({3, 101}, .5, torch::kDouble);
  const Tensor norm = torch::real(a * a.conj()).sum(1, true);
  for (int64_t n = 1; n <= kFrequencies; ++n) {
    const Tensor g =
        (a.slice(1, 0, kFrequencies + 1 - n) * a.slice(1, n).conj()).sum(1, true) / norm;
    series += torch::real(g * torch::exp(c10::complex<double>(0, pi * n) * y_C));
  }
  ExpectClose(Density(Parameters(), y_C), series, 1e-12);
}

// The trapezoidal rule is exact for trigonometric polynomials.
TEST(FourierDensity, IntegratesToOneAndIsNeverNegative) {
  const Tensor p = Density(Parameters(), Places(65).slice(0, 0, 64));
  ExpectClose(p.sum(1) * (2. / 64), torch::ones({3}, torch::kDouble), 1e-12);
  EXPECT_GE(p.min().item<double>(), 0);
}

TEST(FourierDensity, DoesNotDependOnScaleOrPhase) {
  const Tensor turned = Complex(Parameters()) * c10::complex<double>(-1.3, .4);
  ExpectClose(Density(FromComplex(turned), Places(50)), Density(Parameters(), Places(50)), 1e-12);
}

TEST(FourierDensity, MovesByThePhasesOfAShift) {
  const double shift = .3;
  const Tensor k = torch::arange(kFrequencies + 1, torch::kDouble);
  const Tensor moved = Complex(Parameters()) * torch::exp(c10::complex<double>(0, pi * shift) * k);
  ExpectClose(Density(FromComplex(moved), Places(50)), Density(Parameters(), Places(50) - shift),
              1e-12);
}

TEST(FourierDensity, OfEqualAmplitudesIsFejersKernel) {
  const double size = kFrequencies + 1;
  const Tensor y_C = Places(50) * .99 + .004;  // not at 0
  const Tensor a = torch::ones({1, kFrequencies + 1}, torch::kComplexDouble);
  const Tensor expected =
      (torch::sin(size * pi * y_C / 2) / torch::sin(pi * y_C / 2)).square() / (2 * size);
  ExpectClose(Density(FromComplex(a), y_C)[0], expected, 1e-12);
  EXPECT_NEAR(Density(FromComplex(a), torch::zeros({1}, torch::kDouble)).item<double>(), size / 2,
              1e-12);
}

TEST(FourierDensity, OfOneAmplitudeIsUniform) {
  Tensor a = torch::zeros({1, kFrequencies + 1}, torch::kComplexDouble);
  a[0][3] = 2;
  ExpectClose(Density(FromComplex(a), Places(9)), torch::full({1, 9}, .5, torch::kDouble), 1e-12);
  ExpectClose(Density(torch::zeros_like(Parameters()), Places(9)),
              torch::full({3, 9}, .5, torch::kDouble), 1e-12);
}

TEST(FourierBelow, RisesFromZeroToOneAndIsTheIntegralOfTheDensity) {
  const FourierCoefficients g = CoefficientsOf(Parameters());
  const int64_t cells = 20'000;
  const Tensor edge_C = Places(cells + 1);
  const Tensor below = FourierBelow(g, edge_C);
  ExpectClose(below.select(1, 0), torch::zeros({3}, torch::kDouble), 1e-12);
  ExpectClose(below.select(1, cells), torch::ones({3}, torch::kDouble), 1e-12);
  EXPECT_GE(below.diff(1, 1).min().item<double>(), -1e-14);
  const Tensor middle_C = edge_C.slice(0, 1) - 1. / cells;
  ExpectClose(below.slice(1, 1), Density(Parameters(), middle_C).cumsum(1) * (2. / cells), 1e-6);
}

// E exp(-i pi m y) = conj(g_m): circular moments.
TEST(FourierDensity, HasTheCoefficientsAsItsMoments) {
  const Tensor y_C = Places(65).slice(0, 0, 64);
  const Tensor p = Density(Parameters(), y_C);
  const FourierCoefficients g = CoefficientsOf(Parameters());
  for (int64_t m = 1; m <= kFrequencies; ++m) {
    const Tensor cosine = (p * torch::cos(pi * m * y_C)).sum(1) * (2. / 64);
    const Tensor sine = (p * torch::sin(pi * m * y_C)).sum(1) * (2. / 64);
    ExpectClose(cosine, g.real.select(1, m - 1), 1e-12);
    ExpectClose(-sine, g.imaginary.select(1, m - 1), 1e-12);
  }
}

TEST(FourierRoughness, IsTheIntegralOfTheSquaredSlope) {
  const double h = 1e-5;
  const Tensor y_C = Places(65).slice(0, 0, 64);
  const Tensor slope = (Density(Parameters(), y_C + h) - Density(Parameters(), y_C - h)) / (2 * h);
  const Tensor expected = slope.square().sum(1) * (2. / 64);
  ExpectClose(FourierRoughness(CoefficientsOf(Parameters())) / expected,
              torch::ones({3}, torch::kDouble), 1e-7);
}

// The roots of A, where a sum of cosines would round below 0.
TEST(FourierDensity, StaysFiniteInFloatAtItsRoots) {
  const Tensor a = torch::ones({1, 65}, torch::kComplexFloat);
  Tensor parameters = FromComplex(a).requires_grad_();
  const Tensor y_C = torch::arange(1, 65).to(torch::kFloat) * (2. / 65) - 1;
  const Tensor log_p = FourierLogDensity(parameters, y_C);
  EXPECT_TRUE(at::isfinite(log_p).all().item<bool>());
  log_p.sum().backward();
  EXPECT_TRUE(at::isfinite(parameters.grad()).all().item<bool>());
}

}  // namespace
}  // namespace tessera
