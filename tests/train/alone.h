// A step of the only rank.
#pragma once

#include "train/step_gradient.h"

namespace tessera {

inline StepLoss AddGradientAlone(Learner& learner, const StepInput& input,
                                 const TrainConfig& config) {
  const Ranks alone;
  GradientSum sum(learner.parameters(), alone);
  Interval interval;
  return AddGradient(learner, input, config, {alone, sum}, &interval);
}

}  // namespace tessera
