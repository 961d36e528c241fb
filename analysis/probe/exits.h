// Where a run's losses come from: by the layer at which its heads read, by noise level, by patch.
#pragma once

#include <vector>

#include "run/run.h"

namespace tessera {

struct ExitLoss {
  double text = 0;   // nats a token; NaN where nothing is scored
  double image = 0;  // the head's loss
};

struct LossSplit {
  // The final norm and the heads on what the first layer reads, then on what each layer leaves
  // (nostalgebraist 2020, "logit lens"). The last is the run's own loss. All meet the same noise.
  std::vector<ExitLoss> exits;
  // For the last exit: the mean squared error of the clean patch at ten flow times, noise first
  // (empty for a head without noise levels), and the mean loss by the patch's turn. NaN: none came.
  std::vector<double> error_by_level, loss_by_turn;
};

// Documents as HiddenStates has them; all texts of equal weight.
LossSplit SplitLoss(const Run& run, const std::vector<Document>& documents, uint64_t seed);

}  // namespace tessera
