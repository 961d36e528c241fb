#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// silu(gate) * up (Shazeer 2020, eq. 6), element by element; gate and up of one shape and type.
Tensor SwiGlu(const Tensor& gate, const Tensor& up);

}  // namespace tessera
