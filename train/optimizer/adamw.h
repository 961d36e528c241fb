// AdamW (Loshchilov and Hutter 2019), all parameters of a group in one call of a fused kernel.
#pragma once

#include <torch/types.h>

#include <vector>

#include "run/named_tensors.h"

namespace tessera {

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
};

// Parameters that are updated alike.
struct AdamWGroup {
  NamedTensors parameters;
  double weight_decay = 0;
  double lr_ratio = 1;  // of its learning rate to that of the options
};

class AdamW {
 public:
  AdamW(const std::vector<AdamWGroup>& groups, const AdamWOptions& options);

  // lr_factor scales the learning rate. A parameter without gradient counts as one with gradient 0.
  void Step(double lr_factor);

  // The running moments "adamw.first.<name>" and "adamw.second.<name>", and "adamw.steps".
  NamedTensors State() const;

 private:
  struct Group {
    double weight_decay, lr_ratio;
    std::vector<std::string> names;
    std::vector<Tensor> parameters, first, second;
  };

  static Group MakeGroup(const AdamWGroup& group);
  void StepGroup(Group& group, double lr);

  AdamWOptions options_;
  std::vector<Group> groups_;
  Tensor steps_;  // scalar, float32: what the kernel wants; exact up to 16 million steps
};

}  // namespace tessera
