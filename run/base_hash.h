// By what the adapters of a checkpoint know the base that they were trained on.
#pragma once

#include <string>

#include "run/named_tensors.h"

namespace tessera {

// XXH3 over the names, shapes and numbers of all parameters, as 16 hexadecimal digits. Numbers in
// bf16 count as the f32 that they are.
std::string BaseHash(const NamedTensors& parameters);

// What checkpoints held in its place before: FNV-1a over the bytes of a file.
std::string FormerBaseHash(const NamedTensors& parameters);

}  // namespace tessera
