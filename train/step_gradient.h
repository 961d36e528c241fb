// Batches -> the gradient of one step: text and image loss, each over its own count in the whole
// step, however many batches that is and whichever ranks compute them.
#pragma once

#include <vector>

#include "distributed/gradient_sum.h"
#include "model/learner.h"
#include "run/train_config.h"
#include "train/step_log.h"

namespace tessera {

// What a step is a function of, beside the parameters. Batches are numbered over all ranks.
struct StepInput {
  std::vector<Batch> batches;  // of this rank
  int64_t seed = 0;
  int64_t step = 0;
  int64_t first = 0;  // the number of the first of the batches
};

struct StepLoss {
  double text = 0;  // means over the step
  double image = 0;
  double text_gradient = 0;  // norm of the weighted loss's gradient at the hidden states it reads
  double image_gradient = 0;
};

// Who takes part in a step.
struct StepPlace {
  const Ranks& ranks;
  GradientSum& sum;
};

// Adds to the parameters' gradients, and the losses to *interval; then ends the learner's step. All
// ranks return the same. Throws RankLost.
StepLoss AddGradient(Learner& learner, const StepInput& input, const TrainConfig& config,
                     const StepPlace& place, Interval* interval);

// The losses of this rank's batches, without gradients.
StepLoss LossOf(Learner& learner, const StepInput& input, const TrainConfig& config);

}  // namespace tessera
