// Batches -> the gradient of one step: text and image loss, each over its own count in the whole
// step, however many batches that is.
#pragma once

#include <vector>

#include "model/learner.h"
#include "run/train_config.h"
#include "train/step_log.h"

namespace tessera {

// What a step is a function of, beside the parameters.
struct StepInput {
  std::vector<Batch> batches;
  int64_t seed = 0;
  int64_t step = 0;
};

struct StepLoss {
  double text = 0;  // means over the step
  double image = 0;
  double text_gradient = 0;  // norm of the weighted loss's gradient at the hidden states it reads
  double image_gradient = 0;
};

// Adds to the parameters' gradients, and the losses to *interval; then ends the learner's step.
StepLoss AddGradient(Learner& learner, const StepInput& input, const TrainConfig& config,
                     Interval* interval);

// The losses that AddGradient returns, without gradients.
StepLoss LossOf(Learner& learner, const StepInput& input, const TrainConfig& config);

}  // namespace tessera
