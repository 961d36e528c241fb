// Tensors by name, as a checkpoint holds them.
#pragma once

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tessera {

using torch::Tensor;
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// The values of each tensor of `to` become those of its namesake in `from`. Both must hold the same
// names and shapes; otherwise nothing is copied and the error names the first that does not fit.
// What is in the same memory already is left alone. source is named in the error.
absl::Status CopyByName(const NamedTensors& from, const std::string& source,
                        const NamedTensors& to);

// Whether both hold the same names with equal tensors of equal types.
bool AreEqual(const NamedTensors& a, const NamedTensors& b);

// Those whose names match one of the patterns, in the order of `tensors`: * is any text, ? one
// letter. A pattern that matches none is an error, which begins with `none`.
absl::StatusOr<NamedTensors> SelectByName(const NamedTensors& tensors,
                                          const std::vector<std::string>& patterns,
                                          const std::string& none);

}  // namespace tessera
