// Norms over the last axis, D numbers wide.
#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// Root-mean-square norm (Zhang and Sennrich 2019, eq. 4): x / rms(x) * weight, in the type that
// matrix products take: x's, or autocast's while that is on. x [..., D], weight [D].
Tensor RmsNorm(const Tensor& x, const Tensor& weight, double epsilon);

// layer_norm(x) * scale + shift, the adaptive norm of DiT (Peebles and Xie 2023). x, shift and
// scale [..., D] broadcast together.
Tensor ModulatedNorm(const Tensor& x, const Tensor& shift, const Tensor& scale, double epsilon);

}  // namespace tessera
