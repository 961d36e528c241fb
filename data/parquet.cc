#include "data/parquet.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/captioned_rows.h"
#include "data/lists.h"
#include "data/parquet_file.h"
#include "data/shards.h"
#include "data/text/text_check.h"
#include "files/json.h"
#include "ops/hash.h"

namespace tessera {
namespace {

struct ParquetShard {
  std::string name;
  std::unique_ptr<ParquetFile> file;
  size_t pictures = 0;  // the column
};

// A picture's name is its shard's and the number of its row: "train-00.parquet/17".
class ParquetSource : public Source {
 public:
  ParquetSource(Shards shards, std::vector<ParquetShard> files)
      : folder_(std::move(shards.folder)),
        names_(std::move(shards.names)),
        others_(std::move(shards.others)),
        files_(std::move(files)) {}

  const std::string& path() const override { return folder_; }
  const std::vector<std::string>& Names() const override { return names_; }
  const std::vector<Unlisted>& Others() const override { return others_; }

  absl::StatusOr<std::string> Read(const std::string& name) const override {
    const std::string shard = name.substr(0, name.rfind('/'));
    const auto found = std::ranges::lower_bound(files_, shard, {}, &ParquetShard::name);
    int64_t row = -1;
    std::from_chars(name.data() + shard.size() + 1, name.data() + name.size(), row);
    if (found == files_.end() || found->name != shard || row < 0 || row >= found->file->rows()) {
      return absl::NotFoundError(absl::StrCat("'", folder_, "' holds no '", name, "'"));
    }
    ASSIGN_OR_RETURN(std::optional<std::string> bytes, found->file->Bytes(found->pictures, row));
    return bytes ? absl::StatusOr<std::string>(*std::move(bytes))
                 : absl::NotFoundError(absl::StrCat(
                       "'", name, "' has no bytes; write pictures into the file, not their paths"));
  }

 private:
  std::string folder_;
  std::vector<std::string> names_;
  std::vector<Unlisted> others_;
  std::vector<ParquetShard> files_;
};

// The names of a column's classes, as `datasets` notes them.
std::vector<std::string> ClassNames(const ParquetFile& file, const std::string& column) {
  const absl::StatusOr<Json> note = ParseJson(file.Note("huggingface"));
  const Json* found = note.ok() ? &*note : nullptr;
  for (const std::string& key :
       {std::string("info"), std::string("features"), column, std::string("names")}) {
    found = found != nullptr ? found->Find(key) : nullptr;
  }
  std::vector<std::string> names;
  if (found != nullptr && found->AsArray() != nullptr) {
    for (const Json& name : *found->AsArray()) {
      names.push_back(name.AsString() != nullptr ? *name.AsString() : DumpJson(name));
    }
  }
  return names;
}

// The name of the class that the number says; the number itself where classes have no names.
std::string ClassOf(const std::string& number, const std::vector<std::string>& names) {
  size_t index = names.size();
  std::from_chars(number.data(), number.data() + number.size(), index);
  return index < names.size() ? names[index] : number;
}

// Columns by what they are used for.
struct Columns {
  size_t pictures = 0;
  std::optional<size_t> texts, splits;
  bool texts_are_labels = false;
};

// A struct{bytes, path} has its own name for its bytes.
std::vector<std::string> NamesOf(const std::vector<ParquetColumn>& columns) {
  constexpr std::string_view kBytes = ".bytes";
  std::vector<std::string> names;
  for (const ParquetColumn& column : columns) {
    const bool is_struct = column.is_bytes && column.name.ends_with(kBytes);
    names.push_back(column.name.substr(0, column.name.size() - (is_struct ? kBytes.size() : 0)));
  }
  return names;
}

absl::StatusOr<Columns> ColumnsOf(const ParquetFile& file, const DataConfig& config) {
  const std::vector<std::string> names = NamesOf(file.Columns());
  Columns columns;
  ASSIGN_OR_RETURN(
      columns.pictures,
      FindColumn(names, config.picture_column,
                 {"image", "img", "picture", "jpg", "jpeg", "png", "webp"}, "data.picture_column"));
  if (!file.Columns()[columns.pictures].is_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "column ", names[columns.pictures], " holds no pictures: it is no struct{bytes, path}"));
  }
  const auto splits = FindColumn(names, "", {"split"}, "");
  columns.splits =
      splits.ok() && file.Columns()[*splits].is_bytes ? std::optional(*splits) : std::nullopt;
  const auto texts = FindColumn(names, config.text_column,
                                {"text", "caption", "txt", "label", "cls"}, "data.text_column");
  if (!texts.ok()) {
    return config.text_column.empty() ? absl::StatusOr<Columns>(columns) : texts.status();
  }
  const ParquetColumn& column = file.Columns()[*texts];
  if (!column.is_bytes && !column.is_number) {
    return absl::InvalidArgumentError(
        absl::StrCat("column ", names[*texts], " holds neither texts nor whole numbers"));
  }
  columns.texts = *texts;
  columns.texts_are_labels = column.is_number || names[*texts] == "label" || names[*texts] == "cls";
  return columns;
}

// Makes the rows of a shard.
class ShardRows {
 public:
  ShardRows(const ParquetShard& shard, const Columns& columns, const DataConfig& config)
      : shard_(shard), columns_(columns), caption_(config.caption) {}

  absl::Status Read() {
    if (columns_.texts) {
      ASSIGN_OR_RETURN(texts_, shard_.file->Texts(*columns_.texts));
      classes_ = ClassNames(*shard_.file, shard_.file->Columns()[*columns_.texts].name);
    }
    if (columns_.splits) {
      ASSIGN_OR_RETURN(splits_, shard_.file->Texts(*columns_.splits));
    }
    return absl::OkStatus();
  }

  absl::Status Add(const std::string& path, BadData& bad, std::vector<DocumentRow>* rows) const {
    std::vector<DocumentRow> added;
    for (size_t i = 0; i < static_cast<size_t>(shard_.file->rows()); ++i) {
      DocumentRow row{absl::StrCat("'", path, "' row ", i), 0, {}, {}};
      if (const absl::Status status = Fill(i, &row); !status.ok()) {
        RETURN_IF_ERROR(bad.Report(At(row.where, status)));
      } else {
        added.push_back(std::move(row));
      }
    }
    if (columns_.texts_are_labels && !caption_.empty()) {
      RETURN_IF_ERROR(CaptionByLabel(caption_, bad, &added));
    }
    std::ranges::move(added, std::back_inserter(*rows));
    return absl::OkStatus();
  }

 private:
  absl::Status Fill(size_t i, DocumentRow* row) const {
    const std::string name = absl::StrCat(shard_.name, "/", i);
    row->hash = HashBytes(name);
    if (columns_.splits && splits_[i]) {
      ASSIGN_OR_RETURN(row->split, RowSplit(Json{JsonObject{{"split", {*splits_[i]}}}}));
    }
    if (!row->split) {
      row->split = SplitOfFolder(name);
    }
    if (columns_.texts && !texts_[i]) {
      return absl::InvalidArgumentError("its text is null");
    }
    if (columns_.texts_are_labels) {
      row->label = caption_.empty() ? "" : ClassOf(*texts_[i], classes_);
    } else if (columns_.texts) {
      RETURN_IF_ERROR(CheckText(*texts_[i]));
      row->segments.emplace_back(std::string(Trim(*texts_[i])));
    }
    row->segments.emplace_back(PictureName{name});
    return absl::OkStatus();
  }

  const ParquetShard& shard_;
  const Columns& columns_;
  const std::string& caption_;
  std::vector<std::optional<std::string>> texts_, splits_;
  std::vector<std::string> classes_;
};

}  // namespace

absl::StatusOr<OpenedRows> OpenParquet(const DataConfig& config,
                                       const std::shared_ptr<const Files>& files, BadData& bad) {
  ASSIGN_OR_RETURN(Shards shards, FindShards(config.path, {".parquet"}, *files));
  std::vector<ParquetShard> opened;
  Rows rows{.rows = {}, .read = {shards.names.begin(), shards.names.end()}};
  for (const std::string& name : shards.names) {
    const std::string path = JoinPath(shards.folder, name);
    ParquetShard shard{name, nullptr};
    ASSIGN_OR_RETURN(shard.file, OpenParquetFile(path, files));
    const absl::StatusOr<Columns> columns = ColumnsOf(*shard.file, config);
    if (!columns.ok()) {
      return At(absl::StrCat("'", path, "'"), columns.status());
    }
    shard.pictures = columns->pictures;
    ShardRows of_shard(shard, *columns, config);
    RETURN_IF_ERROR(of_shard.Read());
    RETURN_IF_ERROR(of_shard.Add(path, bad, &rows.rows));
    opened.push_back(std::move(shard));
  }
  return OpenedRows{std::make_shared<ParquetSource>(std::move(shards), std::move(opened)),
                    std::move(rows)};
}

}  // namespace tessera
