#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// Root-mean-square norm over the last axis (Zhang and Sennrich 2019, eq. 4): x / rms(x) * weight.
// x [..., D], weight [D] or undefined.
Tensor RmsNorm(const Tensor& x, const Tensor& weight, double epsilon);

}  // namespace tessera
