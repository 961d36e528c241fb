// What each parameter is for, said where a module registers it: who updates it and whether it
// decays follow from that.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <map>
#include <string>

namespace tessera {

// Only kHidden goes to Muon; only matrices that are no embedding decay. Vectors (biases, norms)
// never do, whatever their role.
enum class ParameterRole {
  kHidden,     // a matrix from activations to activations
  kOutput,     // the matrix of an output layer, an input layer or an AdaLN modulation
  kEmbedding,  // a table whose rows are looked up
  kAdapterA,   // the factors of a change of low rank. Muon would turn each alone, though only
  kAdapterB,   // their product means something
};

using ParameterRoles = std::map<std::string, ParameterRole>;  // by the parameters' names

// A module with parameters of its own. register_parameter is hidden, so that none goes without a
// role.
class ModuleWithRoles : public torch::nn::Module {
 public:
  // The roles of this module's own parameters and of those of its RegisterLinear.
  const ParameterRoles& own_roles() const { return roles_; }

  torch::Tensor& register_parameter(std::string, torch::Tensor, bool = true) = delete;

 protected:
  torch::Tensor RegisterParameter(const std::string& name, torch::Tensor value, ParameterRole role);

  // A linear map with a bias, both of the role.
  torch::nn::Linear RegisterLinear(const std::string& name, int64_t inputs, int64_t outputs,
                                   ParameterRole role);

 private:
  ParameterRoles roles_;
};

// The roles of all parameters of a module, by their names in it. It is an error of the code if one
// has none.
ParameterRoles RolesOf(const torch::nn::Module& module);

}  // namespace tessera
