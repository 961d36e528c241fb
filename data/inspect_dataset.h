// What `tessera data check` and `tessera data preview` report about a data set.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace tessera {

struct DatasetSummary {
  int64_t documents = 0;
  int64_t pictures = 0;
  int64_t texts = 0;
  int64_t text_bytes = 0;                                // of all texts together
  int64_t longest_text = 0;                              // in bytes
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;  // (height, width) -> how many pictures
  std::vector<std::string> problems;                     // one sentence for each bad document
};

// Reads every document.
DatasetSummary CheckDataset(const Dataset& dataset);

// The summary as lines of text; of sizes and problems the first ten.
std::string ToString(const DatasetSummary& summary);

struct DatasetPreview {
  Image sheet;  // the pictures of the first documents
  std::vector<std::string>
      lines;  // one for each document: its texts, "[picture 72x72]" for pictures
};

absl::StatusOr<DatasetPreview> PreviewDataset(const Dataset& dataset, int64_t count);

}  // namespace tessera
