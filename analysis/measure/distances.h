// How far the pictures that a run draws are from the true ones, as distributions.
#pragma once

#include "analysis/measure/continue.h"
#include "analysis/measure/features.h"
#include "analysis/report/run_log.h"

namespace tessera {

// Files of statistics (analysis/measure/statistics.h) for the last of the networks.
struct StatisticsFiles {
  std::string against = {};  // read: of other pictures, to which a distance is measured too
  std::string folder = {};   // written into: NETWORK_true.npz and NETWORK_drawn.npz
};

// Draws options.count pictures, each under the true document before a first picture of the test
// split, and compares them with those pictures as the model would read them. Names begin with the
// network's:
//   _fid and its standard error, _fid_error; _kid, _kid_error; _precision, _recall of 3 neighbours;
//   _pictures of each set
//   _floor_fid, _floor_kid of other true pictures, what perfect drawing would get, if the split
//   has as many again
//   _inception_score, _recognised as what their caption says, _recognised_CLASS and
//   _true_recognised, of a network that names classes
//   _against_fid to statistics.against
// Two more are of the pixels: seams and true_seams (analysis/measure/seams.h), and copies
// (analysis/measure/copies.h) of 20,000 training pictures at most.
absl::StatusOr<Metrics> MeasureDistances(const Run& run, const std::shared_ptr<const Files>& files,
                                         const std::vector<FeatureNetwork>& networks,
                                         const EvaluateOptions& options,
                                         const StatisticsFiles& statistics = {});

}  // namespace tessera
