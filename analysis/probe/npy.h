// NumPy's .npy files, version 1.0: magic, a header that is a Python literal, then the numbers,
// little-endian, the last axis running fastest. numpy.load reads them.
#pragma once

#include <torch/types.h>

#include <string>

namespace tessera {

// The bytes of a file. A tensor of any device and layout, of floats or integers that NumPy knows.
std::string WriteNpy(const torch::Tensor& tensor);

}  // namespace tessera
