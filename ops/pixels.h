// The 8-bit pixel values behind a patch, as tensors of any shape. A drawn number is rounded to the
// nearest pixel value (ops/pixel_value.h). So the probability of a pixel value is the mass of its
// bin, which reaches half a value to each side; the outermost bins reach to infinity.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "ops/pixel_value.h"

namespace tessera {

using torch::Tensor;

// log density of x + kNatsPerPixelValue = log density in units of pixel values.
inline const double kNatsPerPixelValue = std::log(kPixelsPerUnit);

// x -> the nearest pixel value, 0 to 255, in the type of x.
inline Tensor PixelValues(const Tensor& x) {
  return at::round((x + 1) * kPixelsPerUnit).clamp(0, kPixelValues - 1);
}

inline Tensor FromPixelValues(const Tensor& value) { return value / kPixelsPerUnit - 1; }

// Rounds x to the nearest number that an 8-bit picture holds.
inline Tensor NearestPixels(const Tensor& x) { return FromPixelValues(PixelValues(x)); }

struct Bins {
  Tensor lower;
  Tensor upper;
};

inline Bins BinsOf(const Tensor& x) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Tensor value = PixelValues(x), centre = FromPixelValues(value);
  return {(centre - kHalfBin).masked_fill(value == 0, -infinity),
          (centre + kHalfBin).masked_fill(value == kPixelValues - 1, infinity)};
}

// The edges between the bins of all pixel values, both infinite ones included: [257], ascending.
inline Tensor BinEdges(torch::TensorOptions options) {
  const Bins bins = BinsOf(FromPixelValues(at::arange(kPixelValues, options)));
  return at::cat({bins.lower, bins.upper.slice(0, -1)});
}

// Picks from the masses of all pixel values [..., 256] that of each x [...].
inline Tensor MassOf(const Tensor& mass, const Tensor& x) {
  return mass.gather(-1, PixelValues(x).to(torch::kLong).unsqueeze(-1)).squeeze(-1);
}

// Spread evenly over its bin. A density of the spread numbers is a bound on the likelihood of pixel
// values (Theis et al. 2016, "A note on the evaluation of generative models", eq. 5), and cannot
// grow without end on numbers that repeat.
inline Tensor Dequantise(const Tensor& x, at::Generator rng) {
  return x + (at::rand(x.sizes(), rng, x.options()) - .5) / kPixelsPerUnit;
}

}  // namespace tessera
