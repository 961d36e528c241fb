#include "train/optimizer/optimizer.h"

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace tessera {
namespace {

MuonOptions MuonOptionsOf(const OptimizerConfig& config) {
  const bool half = IsBf16(config.muon_precision);
  return {.lr = config.muon_lr,
          .momentum = config.muon_momentum,
          .weight_decay = config.weight_decay,
          .dtype = half ? torch::kBFloat16 : torch::kFloat32};
}

}  // namespace

Optimizer::Split Optimizer::SplitByUpdate(const NamedTensors& parameters, const RoleOfName& role,
                                          OptimizerKind kind) {
  Split split;
  for (const auto& named : parameters) {
    const auto& [name, parameter] = named;
    if (!parameter.requires_grad()) {
      continue;
    }
    const ParameterRole its_role = role(name);
    if (parameter.dim() < 2 || its_role == ParameterRole::kEmbedding) {
      split.undecayed.push_back(named);
    } else if (kind == OptimizerKind::kMuon && parameter.dim() == 2 &&
               its_role == ParameterRole::kHidden) {
      split.hidden.push_back(named);
    } else if (its_role == ParameterRole::kAdapterB) {
      split.adapter_b.push_back(named);
    } else {
      split.decayed.push_back(named);
    }
  }
  return split;
}

Optimizer::Optimizer(const NamedTensors& parameters, const RoleOfName& role,
                     const TrainConfig& config)
    : Optimizer(SplitByUpdate(parameters, role, config.optimizer.kind), config) {}

Optimizer::Optimizer(const Split& split, const TrainConfig& config)
    : adamw_({{split.decayed, config.optimizer.weight_decay},
              {split.undecayed},
              {split.adapter_b, config.optimizer.weight_decay, config.adapter.lr_ratio}},
             {.lr = config.optimizer.lr,
              .beta1 = config.optimizer.beta1,
              .beta2 = config.optimizer.beta2}),
      muon_(split.hidden, MuonOptionsOf(config.optimizer)) {
  for (const NamedTensors* part :
       {&split.hidden, &split.decayed, &split.undecayed, &split.adapter_b}) {
    for (const auto& [name, parameter] : *part) {
      parameters_.push_back(parameter);
    }
  }
}

void Optimizer::ZeroGrad() {
  for (Tensor& parameter : parameters_) {
    parameter.mutable_grad() = Tensor();
  }
}

double Optimizer::ClipGradients(double max_norm) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> grads;
  for (const Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) {
      grads.push_back(parameter.grad());
    }
  }
  if (grads.empty()) {
    return 0;
  }
  const double norm = torch::stack(at::_foreach_norm(grads)).norm().item<double>();
  if (max_norm > 0 && norm > max_norm) {
    at::_foreach_mul_(grads, max_norm / norm);
  }
  return norm;
}

void Optimizer::Step(double lr_factor) {
  adamw_.Step(lr_factor);
  muon_.Step(lr_factor);
}

NamedTensors Optimizer::State() const {
  NamedTensors state = adamw_.State();
  for (auto& tensor : muon_.State()) {
    state.push_back(std::move(tensor));
  }
  return state;
}

}  // namespace tessera
