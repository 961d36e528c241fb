// A Document on its way between C++ and Python.
#pragma once

#include <torch/types.h>

#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "data/document.h"

namespace tessera {

// One text and one tensor for each segment. A picture is uint8 [height, width, 3]; a text stands
// beside an empty tensor.
using NativeDocument = std::tuple<std::vector<std::string>, std::vector<torch::Tensor>>;

absl::StatusOr<Document> FromNative(const NativeDocument& native);
NativeDocument ToNative(const Document& document);

torch::Tensor ToTensor(const Image& image);  // uint8 [height, width, 3]

}  // namespace tessera
