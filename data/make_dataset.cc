#include "data/make_dataset.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/documents.h"
#include "data/file_dataset.h"
#include "data/file_names.h"
#include "data/image_folder.h"
#include "data/lists.h"
#include "data/mixture.h"
#include "data/parquet.h"
#include "data/shapes/shapes.h"
#include "data/shards.h"
#include "data/webdataset.h"

namespace tessera {
namespace {

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

absl::StatusOr<Rows> ReadRows(const DataConfig& config, const Lists& lists, BadData& bad) {
  switch (config.kind) {
    case DataKind::kImageFolder:
      return ReadImageFolder(*lists.source, config.caption, bad);
    case DataKind::kDocuments:
      return ReadDocuments(*lists.source, bad);
    case DataKind::kWebDataset:
      return ReadWebDataset(*lists.source, config.caption, bad);
    case DataKind::kCoco:
      return ReadCoco(lists, bad);
    case DataKind::kObelics:
      return ReadObelics(lists, bad);
    case DataKind::kMmc4:
      return ReadMmc4(lists, bad);
    case DataKind::kTsv:
      return ReadTsv(lists, config, bad);
    case DataKind::kText:
      return ReadTexts(lists, bad);
    case DataKind::kShapes:
    case DataKind::kParquet:
      break;
  }
  return absl::InternalError("no rows of this data.kind lie in a source");
}

// How the lists of a kind end; nullptr for kinds without.
const char* EndingOfLists(DataKind kind) {
  return kind == DataKind::kCoco                                 ? ".json"
         : kind == DataKind::kObelics || kind == DataKind::kMmc4 ? ".jsonl"
         : kind == DataKind::kTsv                                ? ".tsv"
         : kind == DataKind::kText                               ? ".txt"
                                                                 : nullptr;
}

absl::StatusOr<OpenedRows> OpenRows(const DataConfig& config,
                                    const std::shared_ptr<const Files>& files, BadData& bad) {
  if (config.kind == DataKind::kParquet) {
    return OpenParquet(config, files, bad);
  }
  Lists lists;
  if (const char* ending = EndingOfLists(config.kind)) {
    ASSIGN_OR_RETURN(lists, OpenLists(config, ending, files, bad));
  } else if (config.kind == DataKind::kWebDataset) {
    ASSIGN_OR_RETURN(lists.source, OpenTarShards(config, files, bad));
  } else {
    ASSIGN_OR_RETURN(lists.source, OpenSource(config.path, files, bad));
  }
  ASSIGN_OR_RETURN(Rows rows, ReadRows(config, lists, bad));
  return OpenedRows{std::move(lists.source), std::move(rows)};
}

absl::StatusOr<std::unique_ptr<Dataset>> FromFiles(const DataConfig& config, Split split,
                                                   PictureLimits limits,
                                                   std::shared_ptr<const Files> files) {
  if (split == Split::kHeldOut) {
    return absl::InvalidArgumentError(
        "only drawn data (data.kind = \"shapes\") has held-out combinations; ask for test");
  }
  FileFindings findings{.account = {}, .bad = BadData(config.on_error)};
  ASSIGN_OR_RETURN(OpenedRows opened, OpenRows(config, files, findings.bad));
  Rows& rows = opened.rows;
  findings.account = PassedOverIn(*opened.source, rows.read);
  for (const DocumentRow& row : rows.rows) {
    if (row.split) {
      const bool trains = row.split->split == Split::kTrain;
      (trains ? findings.account.train_names : findings.account.test_names).insert(row.split->by);
    }
  }
  const size_t others = std::erase_if(
      rows.rows, [&](const DocumentRow& row) { return SplitOf(row, config.test_share) != split; });
  findings.account.test_documents = split == Split::kTrain ? static_cast<int64_t>(others) : 0;
  auto pictures = std::make_unique<Pictures>(std::move(opened.source), limits);
  return MakeFileDataset(std::move(rows.rows), std::move(pictures), config, std::move(findings));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> MakeDataset(const DataConfig& config, Split split,
                                                     int64_t height, int64_t width,
                                                     std::shared_ptr<const Files> files) {
  if (config.mixes()) {
    const std::vector<DataConfig> configs = config.Sets();
    std::vector<WeightedSet> sets;
    for (size_t i = 0; i < configs.size(); ++i) {
      const auto& [name, weight, data] = config.mix[i];
      auto set = MakeDataset(configs[i], split, height, width, files);
      if (!set.ok()) {
        return absl::Status(set.status().code(), absl::StrCat(name, ": ", set.status().message()));
      }
      sets.push_back({name, weight, *std::move(set)});
    }
    return MakeMixture(std::move(sets));
  }
  const PictureLimits limits{.max_pixels = config.max_pixels, .height = height, .width = width};
  if (config.kind != DataKind::kShapes) {
    return FromFiles(config, split, limits, std::move(files));
  }
  if (height != width) {
    return absl::InvalidArgumentError(absl::StrCat("shapes are drawn on squares, not on ", height,
                                                   " x ", width, "; make the grid square"));
  }
  return MakeShapes(config.shapes, split, height);
}

absl::Status CheckNotEmpty(const Dataset& dataset, const DataConfig& config) {
  const std::vector<MixedSet> sets = dataset.Sets();
  const auto empty = std::ranges::find(sets, 0, &MixedSet::size);
  if (dataset.size() > 0 && empty == sets.end()) {
    return absl::OkStatus();
  }
  const DataAccount account = dataset.Account();
  std::string why =
      empty == sets.end()
          ? absl::StrCat("'", config.path, "' holds nothing to train on")
          : absl::StrCat(empty->name, ": '", config.mix[empty - sets.begin()].data.path,
                         "' holds nothing to train on; leave the set out of data.mix or mend it");
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
  if (IsPattern(path) || absl::EndsWithIgnoreCase(path, ".parquet")) {
    return absl::StrContains(path, ".parquet") ? DataKind::kParquet : DataKind::kWebDataset;
  }
  BadData bad(OnError::kSkip);
  ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, OpenSource(path, files, bad));
  const auto any = [&](const auto& is) { return std::ranges::any_of(source->Names(), is); };
  const auto ends_in = [](const char* ending) {
    return [ending](const std::string& name) { return absl::EndsWithIgnoreCase(name, ending); };
  };
  if (!FilesNamed(*source, {"docs.jsonl"}).empty()) {
    return DataKind::kDocuments;
  }
  if (any(IsPicture)) {
    return DataKind::kImageFolder;
  }
  return any(ends_in(".parquet")) ? DataKind::kParquet
         : any(ends_in(".tar"))   ? DataKind::kWebDataset
                                  : DataKind::kImageFolder;
}

}  // namespace tessera
