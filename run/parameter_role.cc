#include "run/parameter_role.h"

namespace tessera {

RoleOfName RolesInTraining(const torch::nn::Module& learner) {
  return [roles = RolesOf(learner)](const std::string& name) {
    if (name.ends_with(kAdapterA)) {
      return ParameterRole::kAdapterA;
    }
    if (name.ends_with(kAdapterB)) {
      return ParameterRole::kAdapterB;
    }
    const auto found = roles.find(name);
    TORCH_CHECK(found != roles.end(), name, " is no parameter of what is trained");
    return found->second;
  };
}

}  // namespace tessera
