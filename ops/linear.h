// y = x W^T + b, the one door to matrix products of layers.
#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// x [..., I], weight [O, I], bias [O] or undefined -> [..., O].
Tensor Linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace tessera
