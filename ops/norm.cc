#include "ops/norm.h"

#include <ATen/Functions.h>

namespace tessera {

Tensor RmsNorm(const Tensor& x, const Tensor& weight, double epsilon) {
  const Tensor scale = at::rsqrt(at::mean(at::square(x), {-1}, /*keepdim=*/true).add_(epsilon));
  const Tensor normed = x * scale;
  return weight.defined() ? normed * weight : normed;
}

}  // namespace tessera
