// The one place that knows every kind of data set.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "data/config.h"
#include "data/dataset.h"
#include "files/files.h"

namespace tessera {

// height and width, in pixels, are the largest that the model looks at: shapes are drawn at that
// size, and pictures from files that are over twice as large are shrunk to about that when they are
// read. A split without documents has size() 0.
absl::StatusOr<std::unique_ptr<Dataset>> MakeDataset(const DataConfig& config, Split split,
                                                     int64_t height, int64_t width,
                                                     std::shared_ptr<const Files> files);

// What keeps a training set from being trained on: it is empty.
absl::Status CheckNotEmpty(const Dataset& dataset, const DataConfig& config);

// The kind of a folder, an archive or a file that no recipe describes.
absl::StatusOr<DataKind> KindOfData(const std::string& path,
                                    const std::shared_ptr<const Files>& files);

}  // namespace tessera
