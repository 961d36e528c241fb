// A split of a run's data set as data.too_long wants it read. Only a run has the tokenizer and the
// layout that say which documents fit a row.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "run/run.h"
#include "sequence/fit.h"

namespace tessera {

// Returns the documents of a split to read, as ToRead does (sequence/fit.h). *too_long names those
// that do not fit.
absl::StatusOr<std::shared_ptr<const Dataset>> FittingPart(const Run& run, Split split,
                                                           std::shared_ptr<const Dataset> dataset,
                                                           TooLong* too_long);

// Opens a split and returns that part of it. Under data.too_long = "cut", which leaves all
// documents in, nobody looks for long ones.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenFittingPart(
    const Run& run, Split split, const std::shared_ptr<const Files>& files,
    TooLong* too_long = nullptr);

}  // namespace tessera
