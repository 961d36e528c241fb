#include "data/captioned_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "config/status.h"
#include "data/config.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {

absl::StatusOr<DocumentRow> CaptionedRow(const Source& source, const std::string& list,
                                         const JsonLine& line, std::set<std::string>* read) {
  RETURN_IF_ERROR(line.json.status());
  ASSIGN_OR_RETURN(const std::string file_name, RequiredString(*line.json, "file_name"));
  ASSIGN_OR_RETURN(const PictureName picture, FindPicture(source, list, file_name, read));
  ASSIGN_OR_RETURN(const std::string text, RequiredString(*line.json, "text"));
  RETURN_IF_ERROR(CheckText(text));
  ASSIGN_OR_RETURN(std::optional<NamedSplit> split, RowSplit(*line.json));
  if (!split) {
    split = SplitOfFolder(picture.name);
  }
  return DocumentRow{line.where, HashBytes(picture.name), split, {text, picture}};
}

absl::Status AddCaptionedRows(const Source& source, const std::string& list,
                              const std::vector<JsonLine>& lines, BadData& bad, Rows* rows) {
  for (const JsonLine& line : lines) {
    absl::StatusOr<DocumentRow> row = CaptionedRow(source, list, line, &rows->read);
    if (row.ok()) {
      rows->rows.push_back(*std::move(row));
    } else {
      RETURN_IF_ERROR(bad.Report(At(line.where, row.status())));
    }
  }
  return absl::OkStatus();
}

absl::Status CaptionByLabel(const std::string& caption, BadData& bad,
                            std::vector<DocumentRow>* rows) {
  std::vector<DocumentRow> captioned;
  for (DocumentRow& row : *rows) {
    const std::string text = absl::StrReplaceAll(caption, {{std::string(kLabel), row.label}});
    if (const absl::Status status = CheckText(text); !status.ok()) {
      RETURN_IF_ERROR(bad.Report(At(row.where, status)));
      continue;
    }
    row.segments.insert(row.segments.begin(), text);
    captioned.push_back(std::move(row));
  }
  *rows = std::move(captioned);
  return absl::OkStatus();
}

absl::StatusOr<Json> ToObject(const std::vector<std::string>& fields,
                              const std::vector<std::string>& columns) {
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

}  // namespace tessera
