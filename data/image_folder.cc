#include "data/image_folder.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/csv.h"
#include "data/image/picture_names.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

// Pictures of formats that are not read are listed too: DecodeImage names the format instead of
// passing it over.
std::vector<std::string> PicturesIn(const Source& source) {
  std::vector<std::string> pictures = source.Names();
  std::erase_if(pictures, [](const std::string& name) { return !IsPicture(name); });
  return pictures;
}

// As a JSON object, so that both kinds of metadata are checked by the same code.
absl::StatusOr<Json> ToJson(const CsvRow& row, const std::vector<std::string>& columns) {
  ASSIGN_OR_RETURN(const std::vector<std::string> fields, row.fields);
  if (fields.size() != columns.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(fields.size(), " fields where the first line names ", columns.size()));
  }
  JsonObject object;
  for (size_t i = 0; i < columns.size(); ++i) {
    object.emplace_back(columns[i], Json{fields[i]});
  }
  return Json{std::move(object)};
}

absl::StatusOr<std::vector<JsonLine>> ReadCsvLines(const Source& source, const std::string& name) {
  const std::string path = absl::StrCat("'", JoinPath(source.path(), name), "'");
  ASSIGN_OR_RETURN(const std::string bytes, source.Read(name));
  const std::vector<CsvRow> rows = ParseCsv(bytes);
  if (rows.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has no line of column names"));
  }
  const absl::StatusOr<std::vector<std::string>>& columns = rows.front().fields;
  if (!columns.ok()) {
    return At(absl::StrCat(path, " line ", rows.front().line), columns.status());
  }
  std::vector<JsonLine> lines;
  for (auto row = rows.begin() + 1; row != rows.end(); ++row) {
    lines.push_back({absl::StrCat(path, " line ", row->line), ToJson(*row, *columns)});
  }
  return lines;
}

absl::StatusOr<DocumentRow> ParseRow(const Source& source, const std::string& metadata,
                                     const JsonLine& line) {
  RETURN_IF_ERROR(line.json.status());
  ASSIGN_OR_RETURN(const std::string file_name, RequiredString(*line.json, "file_name"));
  ASSIGN_OR_RETURN(const std::string text, RequiredString(*line.json, "text"));
  RETURN_IF_ERROR(CheckText(text));
  ASSIGN_OR_RETURN(std::optional<Split> split, RowSplit(*line.json));
  ASSIGN_OR_RETURN(const PictureName picture, FindPicture(source, metadata, file_name));
  if (!split) {
    split = SplitOfFolder(picture.name);
  }
  return DocumentRow{line.where, HashBytes(picture.name), split, {text, picture}};
}

absl::StatusOr<std::vector<DocumentRow>> ReadMetadata(const Source& source,
                                                      const std::vector<std::string>& names,
                                                      BadData& bad) {
  std::vector<DocumentRow> rows;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const std::vector<JsonLine> lines, ExtensionOf(name) == "csv"
                                                            ? ReadCsvLines(source, name)
                                                            : ReadJsonLines(source, name));
    for (const JsonLine& line : lines) {
      absl::StatusOr<DocumentRow> row = ParseRow(source, name, line);
      if (row.ok()) {
        rows.push_back(*std::move(row));
      } else {
        RETURN_IF_ERROR(bad.Report(At(line.where, row.status())));
      }
    }
  }
  return rows;
}

std::string SidecarOf(const std::string& picture) {
  return picture.substr(0, picture.rfind('.')) + ".txt";
}

absl::StatusOr<std::string> ReadSidecar(const Source& source, const std::string& name) {
  if (!source.Has(name)) {
    return absl::NotFoundError(absl::StrCat("its text '", name, "' is missing"));
  }
  ASSIGN_OR_RETURN(const std::string bytes, source.Read(name));
  RETURN_IF_ERROR(CheckText(bytes));
  return std::string(Trim(bytes));
}

absl::StatusOr<std::vector<DocumentRow>> ReadLoosePictures(const Source& source, BadData& bad) {
  const std::vector<std::string> pictures = PicturesIn(source);
  const bool have_text = std::ranges::any_of(
      pictures, [&](const std::string& name) { return source.Has(SidecarOf(name)); });
  std::vector<DocumentRow> rows;
  for (const std::string& name : pictures) {
    DocumentRow row{absl::StrCat("'", JoinPath(source.path(), name), "'"),
                    HashBytes(name),
                    SplitOfFolder(name),
                    {}};
    if (have_text) {
      absl::StatusOr<std::string> text = ReadSidecar(source, SidecarOf(name));
      if (!text.ok()) {
        RETURN_IF_ERROR(bad.Report(At(row.where, text.status())));
        continue;
      }
      row.segments.emplace_back(*std::move(text));
    }
    row.segments.emplace_back(PictureName{name});
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

absl::StatusOr<std::vector<DocumentRow>> ReadImageFolder(const Source& source, BadData& bad) {
  const std::vector<std::string> metadata = FilesNamed(source, {"metadata.jsonl", "metadata.csv"});
  if (!metadata.empty()) {
    return ReadMetadata(source, metadata, bad);
  }
  if (!FilesNamed(source, {"docs.jsonl"}).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", source.path(), "' holds documents; say data.kind = \"documents\""));
  }
  return ReadLoosePictures(source, bad);
}

}  // namespace tessera
