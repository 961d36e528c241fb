// Rows of documents and the pictures that they name, as a Dataset.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/config.h"
#include "data/dataset.h"
#include "data/document_rows.h"
#include "data/pictures.h"

namespace tessera {

// What opening the source and reading its rows has met.
struct FileFindings {
  DataAccount account;  // files that are passed over
  BadData bad;
};

// Under data.on_error = "skip" every picture is decoded once here, by data.threads threads, and the
// rows with a bad one are left out; under "stop" Get returns the error.
absl::StatusOr<std::unique_ptr<Dataset>> MakeFileDataset(std::vector<DocumentRow> rows,
                                                         std::unique_ptr<Pictures> pictures,
                                                         const DataConfig& config,
                                                         FileFindings findings);

}  // namespace tessera
