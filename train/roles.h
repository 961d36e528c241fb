// Which optimizer a parameter of the model is for, told by its name.
#pragma once

#include <string>

#include "train/optimizer.h"

namespace tessera {

// How the names of an adapter's matrices end.
inline constexpr char kAdapterA[] = ".lora_A.weight";
inline constexpr char kAdapterB[] = ".lora_B.weight";

ParameterRole RoleOf(const std::string& name);

}  // namespace tessera
