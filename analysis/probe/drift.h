// Whether drawn patches wander off along a picture, each patch being drawn after those before it.
#pragma once

#include <vector>

#include "data/document.h"
#include "sequence/arrangement.h"
#include "sequence/patch_grid.h"

namespace tessera {

// Statistics of the numbers of a patch in [-1, 1] over all pictures, by the patch's turn.
struct TurnStatistics {
  std::vector<double> mean, deviation;
  std::vector<double> saturated;  // share that is 0 or 255
};

// Pictures of one grid. In the order `random`, whose turns are other places in each picture, turns
// are counted in rows from the top.
TurnStatistics StatisticsByTurn(const std::vector<Image>& images, PatchGrid grid, int64_t patch,
                                PatchOrder order);

}  // namespace tessera
