// What `tessera data check` and `tessera data preview` report about a data set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace tessera {

// The account of the data set with every document read, if opening it has not read them all.
DataAccount CheckDataset(const Dataset& dataset);

struct DatasetPreview {
  Image sheet;  // the pictures of the first documents
  std::vector<std::string>
      lines;  // one for each document: its texts, "[picture 72x72]" for pictures, and
              // "[not learnt: ...]" around what is read alone
};

absl::StatusOr<DatasetPreview> PreviewDataset(const Dataset& dataset, int64_t count);

}  // namespace tessera
