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
constexpr double kMaxCode = 255;
constexpr double kHalfBin = .5 / kCodesPerUnit;

// log density of x + kNatsPerCode = log density in units of codes.
inline const double kNatsPerCode = std::log(kCodesPerUnit);

inline Tensor Codes(const Tensor& x) {
  return at::round((x + 1) * kCodesPerUnit).clamp(0, kMaxCode);
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
          (centre + kHalfBin).masked_fill(code == kMaxCode, infinity)};
}

// Spread evenly over its bin. A density of the spread numbers is a bound on the codes' likelihood
// (Theis et al. 2016, "A note on the evaluation of generative models", eq. 5), and cannot grow
// without end on numbers that repeat.
inline Tensor Dequantise(const Tensor& x, at::Generator rng) {
  return x + (at::rand(x.sizes(), rng, x.options()) - .5) / kCodesPerUnit;
}

}  // namespace tessera
