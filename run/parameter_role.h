// What each tensor that a run trains is for: a parameter, or a factor of an adapter on one.
#pragma once

#include <functional>
#include <string>

#include "ops/parameter_role.h"

namespace tessera {

// How the names of an adapter's matrices end.
inline constexpr char kAdapterA[] = ".lora_A.weight";
inline constexpr char kAdapterB[] = ".lora_B.weight";

using RoleOfName = std::function<ParameterRole(const std::string& name)>;

// For the names of `learner` and of adapters on it.
RoleOfName RolesInTraining(const torch::nn::Module& learner);

}  // namespace tessera
