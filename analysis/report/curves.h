// The plots of a training log.
#pragma once

#include <vector>

#include "analysis/page/html.h"
#include "train/step_log.h"

namespace tessera {

// Losses and speed by step; image loss by noise level and by patch over the last tenth of the log.
// What was never measured is left out.
std::vector<Figure> Curves(const std::vector<TrainReport>& log);

}  // namespace tessera
