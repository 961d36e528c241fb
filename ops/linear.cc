#include "ops/linear.h"

#include <ATen/Functions.h>

namespace tessera {

Tensor Linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return at::linear(x, weight, bias);
}

}  // namespace tessera
