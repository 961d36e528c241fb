#include "ops/parameter_role.h"

#include <utility>

namespace tessera {
namespace {

void Collect(const torch::nn::Module& module, const std::string& prefix, ParameterRoles* all) {
  if (const auto* own = dynamic_cast<const ModuleWithRoles*>(&module)) {
    for (const auto& [name, role] : own->own_roles()) {
      all->emplace(prefix + name, role);
    }
  }
  for (const auto& child : module.named_children()) {
    Collect(*child.value(), prefix + child.key() + ".", all);
  }
}

}  // namespace

torch::Tensor ModuleWithRoles::RegisterParameter(const std::string& name, torch::Tensor value,
                                                 ParameterRole role) {
  roles_.emplace(name, role);
  return Module::register_parameter(name, std::move(value));
}

torch::nn::Linear ModuleWithRoles::RegisterLinear(const std::string& name, int64_t inputs,
                                                  int64_t outputs, ParameterRole role) {
  roles_.emplace(name + ".weight", role);
  roles_.emplace(name + ".bias", role);
  return register_module(name, torch::nn::Linear(inputs, outputs));
}

ParameterRoles RolesOf(const torch::nn::Module& module) {
  ParameterRoles roles;
  Collect(module, "", &roles);
  for (const auto& parameter : module.named_parameters()) {
    TORCH_CHECK(roles.contains(parameter.key()), "parameter ", parameter.key(),
                " was registered without a role");
  }
  return roles;
}

}  // namespace tessera
