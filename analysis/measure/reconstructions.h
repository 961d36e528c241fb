// What an autoencoder keeps of pictures that it was not trained on.
#pragma once

#include <vector>

#include "analysis/measure/continue.h"
#include "analysis/report/run_log.h"

namespace tessera {

// Over all whole pictures of options.count documents, as 8-bit pictures are rounded:
//   reconstruction_error (mean squared, in [-1, 1]), psnr
// and of codes, if there are:
//   code_usage: the share that occurs; code_bits: their entropy; code_perplexity, 2 to that
//   codes_returned: the share that a decoded patch has again
//   bits_per_picture: what the codes of one can hold; code_bits_per_picture: as many at their
//   entropy; raw_bits_per_picture: 8 a number
absl::StatusOr<Metrics> MeasureReconstructions(const Run& run, const Dataset& dataset,
                                               const EvaluateOptions& options);

// The first `pictures` of documents that are evenly spread, each followed by what comes back.
absl::StatusOr<std::vector<Image>> Reconstructions(const Run& run, const Dataset& dataset,
                                                   int64_t pictures);

}  // namespace tessera
