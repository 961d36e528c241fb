// The 8-bit numbers behind a patch: code u stands at x = u / 127.5 - 1, and a drawn number is
// rounded to the nearest. So a code's probability is the mass of its bin, half a code to each side;
// the outermost bins reach to infinity. Any shape.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

namespace tessera {

using torch::Tensor;

constexpr double kCodesPerUnit = 127.5;
constexpr int64_t kCodes = 256;
constexpr double kHalfBin = .5 / kCodesPerUnit;

// log density of x + kNatsPerCode = log density in units of codes.
inline const double kNatsPerCode = std::log(kCodesPerUnit);

inline Tensor Codes(const Tensor& x) {
  return at::round((x + 1) * kCodesPerUnit).clamp(0, kCodes - 1);
}

inline Tensor FromCodes(const Tensor& code) { return code / kCodesPerUnit - 1; }

struct Bins {
  Tensor lower;
  Tensor upper;
};

inline Bins BinsOf(const Tensor& x) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Tensor code = Codes(x), centre = FromCodes(code);
  return {(centre - kHalfBin).masked_fill(code == 0, -infinity),
          (centre + kHalfBin).masked_fill(code == kCodes - 1, infinity)};
}

// The edges between the bins of all codes, both infinite ones included: [257], ascending.
inline Tensor BinEdges(torch::TensorOptions options) {
  const Bins bins = BinsOf(FromCodes(at::arange(kCodes, options)));
  return at::cat({bins.lower, bins.upper.slice(0, -1)});
}

// Of masses of all codes [..., 256] those of x [...].
inline Tensor MassOf(const Tensor& mass, const Tensor& x) {
  return mass.gather(-1, Codes(x).to(torch::kLong).unsqueeze(-1)).squeeze(-1);
}

// Spread evenly over its bin. A density of the spread numbers is a bound on the codes' likelihood
// (Theis et al. 2016, "A note on the evaluation of generative models", eq. 5), and cannot grow
// without end on numbers that repeat.
inline Tensor Dequantise(const Tensor& x, at::Generator rng) {
  return x + (at::rand(x.sizes(), rng, x.options()) - .5) / kCodesPerUnit;
}

}  // namespace tessera
