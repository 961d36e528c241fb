#include "data/make_dataset.h"

#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/documents.h"
#include "data/file_dataset.h"
#include "data/file_names.h"
#include "data/image_folder.h"
#include "data/shapes/shapes.h"

namespace tessera {
namespace {

using ReadRows = std::function<absl::StatusOr<Rows>(const Source&, BadData&)>;

const char* ReasonFor(const std::string& name) {
  if (IsHidden(name)) {
    return "hidden files";
  }
  switch (KindOf(name)) {
    case FileKind::kPicture:
    case FileKind::kUnreadPicture:
      return "pictures that no row names";
    case FileKind::kCaption:
    case FileKind::kRows:
    case FileKind::kCaptionLike:
      return "files that look like captions";
    case FileKind::kArchive:
      return "archives inside the data set";
    case FileKind::kOther:
      return "other files";
  }
  return "";
}

// Every file is read or passed over.
DataAccount PassedOverIn(const Source& source, const std::set<std::string>& read) {
  DataAccount account;
  for (const std::string& name : source.Names()) {
    if (!read.contains(name)) {
      account.PassOver(ReasonFor(name), name);
    }
  }
  for (const Unlisted& other : source.Others()) {
    account.PassOver(IsHidden(other.name) ? ReasonFor(other.name) : other.reason, other.name);
  }
  return account;
}

absl::StatusOr<std::unique_ptr<Dataset>> FromFiles(const ReadRows& read_rows,
                                                   const DataConfig& config, Split split,
                                                   PictureLimits limits,
                                                   std::shared_ptr<const Files> files) {
  if (split == Split::kHeldOut) {
    return absl::InvalidArgumentError(
        "only drawn data (data.kind = \"shapes\") has held-out combinations; ask for test");
  }
  FileFindings findings{.account = {}, .bad = BadData(config.on_error)};
  ASSIGN_OR_RETURN(std::shared_ptr<const Source> source,
                   OpenSource(config.path, files, findings.bad));
  ASSIGN_OR_RETURN(Rows rows, read_rows(*source, findings.bad));
  findings.account = PassedOverIn(*source, rows.read);
  for (const DocumentRow& row : rows.rows) {
    if (row.split) {
      const bool trains = row.split->split == Split::kTrain;
      (trains ? findings.account.train_names : findings.account.test_names).insert(row.split->by);
    }
  }
  const size_t others = std::erase_if(
      rows.rows, [&](const DocumentRow& row) { return SplitOf(row, config.test_share) != split; });
  findings.account.test_documents = split == Split::kTrain ? static_cast<int64_t>(others) : 0;
  auto pictures = std::make_unique<Pictures>(std::move(source), limits);
  return MakeFileDataset(std::move(rows.rows), std::move(pictures), config, std::move(findings));
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
      return FromFiles([&](const Source& source,
                           BadData& bad) { return ReadImageFolder(source, config.caption, bad); },
                       config, split, limits, std::move(files));
    case DataKind::kDocuments:
      return FromFiles(ReadDocuments, config, split, limits, std::move(files));
  }
  return absl::InternalError("unknown data.kind");
}

absl::Status CheckNotEmpty(const Dataset& dataset, const DataConfig& config) {
  if (dataset.size() > 0) {
    return absl::OkStatus();
  }
  const DataAccount account = dataset.Account();
  std::string why = absl::StrCat("'", config.path, "' holds nothing to train on");
  if (!account.bad.empty()) {
    absl::StrAppend(&why, "; bad data: ", account.bad.size(), ", the first: ", account.bad.front());
  }
  if (account.test_documents > 0) {
    absl::StrAppend(&why, "; documents to test on, as their folder, their row or data.test_share ",
                    "says: ", account.test_documents);
  }
  for (const PassedOver& files : account.passed_over) {
    absl::StrAppend(&why, "; ", ToString(files));
  }
  return absl::NotFoundError(why);
}

absl::StatusOr<DataKind> KindOfData(const std::string& path,
                                    const std::shared_ptr<const Files>& files) {
  BadData bad(OnError::kSkip);
  ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, OpenSource(path, files, bad));
  return FilesNamed(*source, {"docs.jsonl"}).empty() ? DataKind::kImageFolder
                                                     : DataKind::kDocuments;
}

}  // namespace tessera
