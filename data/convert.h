// Documents -> a folder of files in another form, with a folder for each split.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "files/files.h"

namespace tessera {

// image_folder: pictures and metadata.jsonl. documents: docs.jsonl and pictures. webdataset:
// shards.
enum class DataForm { kImageFolder, kDocuments, kWebDataset };
constexpr auto EnumNames(DataForm) { return std::array{"image_folder", "documents", "webdataset"}; }

struct SplitToWrite {
  std::string name;  // "train" or "test", by which the folder is read back as that split
  std::shared_ptr<const Dataset> dataset;
};

struct ConvertOptions {
  DataForm form = DataForm::kDocuments;
  int64_t shard = 1000;  // documents of a shard
  std::function<void(double share)> on_progress = {};
};

struct Converted {
  int64_t documents = 0, pictures = 0, files = 0;
};

// Writes the folder `out`, which must not be there or be empty, as a whole or not at all. Pictures
// keep the bytes that they are read from; those without any become PNGs. image_folder and
// webdataset hold captioned pictures, or pictures alone, and refuse other documents by name.
absl::StatusOr<Converted> Convert(const std::vector<SplitToWrite>& splits, const std::string& out,
                                  const ConvertOptions& options, const Files& files);

}  // namespace tessera
