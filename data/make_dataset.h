// The one place that knows every kind of data set.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "data/config.h"
#include "data/dataset.h"
#include "files/files.h"

namespace tessera {

// height and width, in pixels, are the largest that the model looks at: shapes are drawn at that
// size, and pictures from files that are over twice as large are shrunk to about that when they are
// read. An empty training set is an error; an empty test set has size() 0.
absl::StatusOr<std::unique_ptr<Dataset>> MakeDataset(const DataConfig& config, Split split,
                                                     int64_t height, int64_t width,
                                                     std::shared_ptr<const Files> files);

}  // namespace tessera
