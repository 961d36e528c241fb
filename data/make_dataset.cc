#include "data/make_dataset.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/documents.h"
#include "data/file_dataset.h"
#include "data/image_folder.h"
#include "data/shapes/shapes.h"

namespace tessera {
namespace {

using ReadRows = absl::StatusOr<std::vector<DocumentRow>> (*)(const Source&, BadData&);

absl::StatusOr<std::unique_ptr<Dataset>> FromFiles(ReadRows read_rows, const DataConfig& config,
                                                   Split split, PictureLimits limits,
                                                   std::shared_ptr<const Files> files) {
  if (split == Split::kHeldOut) {
    return absl::InvalidArgumentError(
        "only drawn data (data.kind = \"shapes\") has held-out combinations; ask for test");
  }
  BadData bad(config.on_error);
  ASSIGN_OR_RETURN(std::shared_ptr<const Source> source, OpenSource(config.path, files, bad));
  ASSIGN_OR_RETURN(std::vector<DocumentRow> rows, read_rows(*source, bad));
  const int64_t num_rows = std::ssize(rows);
  std::erase_if(rows,
                [&](const DocumentRow& row) { return SplitOf(row, config.test_share) != split; });
  auto pictures = std::make_unique<Pictures>(std::move(source), limits);
  ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                   MakeFileDataset(std::move(rows), std::move(pictures), config, bad));
  if (split == Split::kTrain && dataset->size() == 0) {
    return absl::NotFoundError(absl::StrCat(
        "'", config.path, "' holds nothing to train on: ", num_rows, " good rows, ",
        dataset->Problems().size(), " bad ones",
        dataset->Problems().empty() ? "" : ", the first: " + dataset->Problems().front()));
  }
  return dataset;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> MakeDataset(const DataConfig& config, Split split,
                                                     int64_t height, int64_t width,
                                                     std::shared_ptr<const Files> files) {
  const PictureLimits limits{.max_pixels = config.max_pixels, .height = height, .width = width};
  switch (config.kind) {
    case DataKind::kShapes:
      if (height != width) {
        return absl::InvalidArgumentError(absl::StrCat("shapes are drawn on squares, not on ",
                                                       height, " x ", width,
                                                       "; make the grid square"));
      }
      return MakeShapes(config.shapes, split, height);
    case DataKind::kImageFolder:
      return FromFiles(ReadImageFolder, config, split, limits, std::move(files));
    case DataKind::kDocuments:
      return FromFiles(ReadDocuments, config, split, limits, std::move(files));
  }
  return absl::InternalError("unknown data.kind");
}

}  // namespace tessera
