// How long the documents of a data set are, by which memory is predicted.
#pragma once

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "run/run_config.h"

namespace tessera {

// The mean document of a data set.
struct DocumentSize {
  double text_slots = 0;
  double pictures = 0;
};

// The smallest document that the data set can have, for a first check of a config alone.
DocumentSize LeastDocument(const RunConfig& config);

// The mean of at most 64 documents, spread evenly; a token counts as four bytes of text.
absl::StatusOr<DocumentSize> MeanDocument(const Dataset& dataset);

}  // namespace tessera
