// The optimizer of a run: Muon on hidden matrices if so configured, AdamW on the rest. Under
// train.optimizer.shard each rank has the state of its own parameters alone, updates those and
// hands them out (ZeRO-1: Rajbhandari et al. 2020, whole parameters as in PyTorch's
// ZeroRedundancyOptimizer, since Muon needs whole matrices).
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
  Optimizer(const NamedTensors& parameters, const RoleOfName& role, const TrainConfig& config,
            const Ranks& ranks = Ranks());

  // Forgets the gradients, so that the next backward pass need not add to them.
  void ZeroGrad();

  // The norm of the whole gradient, before it is scaled down to at most max_norm (0: not scaled).
  double ClipGradients(double max_norm);

  void Step(double lr_factor);

  // Whether this rank has the whole state.
  bool whole() const { return owned_.size() == 1; }

  // Views of everything that this rank needs to resume: CopyByName into it restores it.
  NamedTensors State() const;

  // What any number of ranks needs to resume: all of it on rank 0, on the others anything. Throws
  // RankLost.
  NamedTensors WholeState() const;

 private:
  struct Split {
    NamedTensors hidden, decayed, undecayed, adapter_b;
  };
  static Split SplitByUpdate(const NamedTensors& parameters, const RoleOfName& role,
                             OptimizerKind kind);
  Optimizer(std::vector<NamedTensors> owned, const RoleOfName& role, const TrainConfig& config,
            const Ranks& ranks);
  Optimizer(const Split& split, const TrainConfig& config, const Ranks& muon_ranks);

  void HandOut();
  NamedTensors GatherState() const;

  Ranks ranks_;
  std::vector<NamedTensors> owned_;  // parameters by rank, or all in one part
  std::vector<Tensor> parameters_;
  AdamW adamw_;
  Muon muon_;
};

}  // namespace tessera
