#include "train/optimizer/adamw.h"

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace tessera {

AdamW::AdamW(const std::vector<AdamWGroup>& groups, const AdamWOptions& options)
    : options_(options), steps_(torch::zeros({}, torch::kFloat32)) {
  for (const AdamWGroup& group : groups) {
    if (!group.parameters.empty()) {
      groups_.push_back(MakeGroup(group));
      steps_ = steps_.to(group.parameters.front().second.device());
    }
  }
}

AdamW::Group AdamW::MakeGroup(const AdamWGroup& of) {
  Group group{of.weight_decay, of.lr_ratio, {}, {}, {}, {}};
  for (const auto& [name, parameter] : of.parameters) {
    group.names.push_back(name);
    group.parameters.push_back(parameter);
    group.first.push_back(torch::zeros_like(parameter.detach()));
    group.second.push_back(torch::zeros_like(parameter.detach()));
  }
  return group;
}

void AdamW::Step(double lr_factor) {
  const torch::NoGradGuard no_grad;
  steps_.add_(1);
  for (Group& group : groups_) {
    StepGroup(group, options_.lr * group.lr_ratio * lr_factor);
  }
}

void AdamW::StepGroup(Group& group, double lr) {
  std::vector<Tensor> grads;
  for (const Tensor& parameter : group.parameters) {
    grads.push_back(parameter.grad().defined() ? parameter.grad() : torch::zeros_like(parameter));
  }
  const std::vector<Tensor> steps(group.parameters.size(), steps_);
  at::_fused_adamw_(group.parameters, grads, group.first, group.second, /*max_exp_avg_sqs=*/{},
                    steps, lr, options_.beta1, options_.beta2, group.weight_decay, options_.epsilon,
                    /*amsgrad=*/false, /*maximize=*/false);
}

NamedTensors AdamW::State() const {
  NamedTensors state;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      state.emplace_back("adamw.first." + group.names[i], group.first[i]);
      state.emplace_back("adamw.second." + group.names[i], group.second[i]);
    }
  }
  state.emplace_back("adamw.steps", steps_);
  return state;
}

}  // namespace tessera
