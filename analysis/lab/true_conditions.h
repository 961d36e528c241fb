// What patches of true documents are drawn under.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "run/run.h"

namespace tessera {

// The first `count` documents that have a picture, up to their first one, that included.
absl::StatusOr<std::vector<Document>> UpToPictures(const Dataset& dataset, int64_t count);

// The conditions of every patch of those pictures, document by document, in turn: each given the
// true document before it, with the guidance of the run.
absl::StatusOr<Conditions> TrueConditions(const Run& run, const Dataset& dataset,
                                          int64_t documents);

}  // namespace tessera
