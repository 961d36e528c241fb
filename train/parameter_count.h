// How many numbers a model has, from its config alone: nothing is allocated, and no size is too
// large, since all is counted in double.
#pragma once

#include <string>
#include <vector>

#include "run/run_config.h"

namespace tessera {

struct ParameterCount {
  const char* name = "";  // "backbone"
  const char* keys = "";  // of the config, that decide it
  double hidden = 0;      // numbers of hidden matrices, which Muon trains if it is chosen
  double other = 0;       // other trained numbers
  double frozen = 0;      // numbers that no gradient changes
  double text = 0;        // those of matrices that train.adapter.base is about, counted above

  double trained() const { return hidden + other; }
  double all() const { return hidden + other + frozen; }
};

// The parts of the model of a run, or of its autoencoder. Adapters and train.freeze are not looked
// at.
std::vector<ParameterCount> CountParameters(const RunConfig& config);

// Rows x columns of each grid, in patches; a grid that is none counts nothing.
struct GridSize {
  double rows = 0, cols = 0;
  double patches() const { return rows * cols; }
};
std::vector<GridSize> GridSizes(const ModelConfig& config);

// Numbers of a patch, 3 patch^2.
double PatchNumbers(const ModelConfig& config);

}  // namespace tessera
