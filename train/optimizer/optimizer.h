// The optimizer of a run: Muon on hidden matrices if so configured, AdamW on the rest.
#pragma once

#include "run/named_tensors.h"
#include "run/parameter_role.h"
#include "run/train_config.h"
#include "train/optimizer/adamw.h"
#include "train/optimizer/muon.h"

namespace tessera {

class Optimizer {
 public:
  // Parameters that need no gradient are left alone.
  Optimizer(const NamedTensors& parameters, const RoleOfName& role, const TrainConfig& config);

  // Forgets the gradients, so that the next backward pass need not add to them.
  void ZeroGrad();

  // The norm of the whole gradient, before it is scaled down to at most max_norm (0: not scaled).
  double ClipGradients(double max_norm);

  void Step(double lr_factor);

  // Views of everything that a resumed run needs: CopyByName into it restores it.
  NamedTensors State() const;

 private:
  struct Split {
    NamedTensors hidden, decayed, undecayed, adapter_b;
  };
  static Split SplitByUpdate(const NamedTensors& parameters, const RoleOfName& role,
                             OptimizerKind kind);
  Optimizer(const Split& split, const TrainConfig& config);

  std::vector<Tensor> parameters_;
  AdamW adamw_;
  Muon muon_;
};

}  // namespace tessera
