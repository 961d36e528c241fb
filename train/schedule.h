// The learning rates over a run.
#pragma once

#include <cstdint>

#include "run/train_config.h"

namespace tessera {

// Share of the run that is done, in [0, 1]: of its steps or its minutes, whichever ends first.
double Progress(const TrainConfig& config, int64_t step, double minutes);

// Factor of the learning rates at a step (from 0): a rise over the first config.warmup steps times
// the schedule at that progress.
double LearningRateFactor(const TrainConfig& config, int64_t step, double progress);

}  // namespace tessera
