#include "data/documents.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/suggest.h"
#include "data/hash.h"
#include "data/text_check.h"

namespace tessera {
namespace {

absl::Status AddSegment(const Source& source, const std::string& docs, const Json& segment,
                        DocumentRow& row) {
  if (segment.AsObject() == nullptr) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  ASSIGN_OR_RETURN(const std::string type, RequiredString(segment, "type"));
  if (type == "text") {
    ASSIGN_OR_RETURN(std::string text, RequiredString(segment, "text"));
    RETURN_IF_ERROR(CheckText(text));
    row.segments.emplace_back(std::move(text));
    return absl::OkStatus();
  }
  if (type == "image") {
    ASSIGN_OR_RETURN(const std::string file_name, RequiredString(segment, "file_name"));
    ASSIGN_OR_RETURN(PictureName picture, FindPicture(source, docs, file_name));
    row.segments.emplace_back(std::move(picture));
    return absl::OkStatus();
  }
  const std::vector<std::string> types = {"text", "image"};
  return absl::InvalidArgumentError(
      absl::StrCat("unknown type \"", type, "\"; the nearest is \"", Nearest(type, types), "\""));
}

absl::StatusOr<DocumentRow> ParseRow(const Source& source, const std::string& docs,
                                     const JsonLine& line) {
  RETURN_IF_ERROR(line.json.status());
  const Json* id = line.json->Find("id");
  const std::string key =
      id != nullptr && id->AsString() != nullptr ? *id->AsString() : DumpJson(*line.json);
  DocumentRow row{line.where, HashBytes(key), {}, {}};
  ASSIGN_OR_RETURN(row.split, RowSplit(*line.json));
  const Json* segments = line.json->Find("segments");
  if (segments == nullptr || segments->AsArray() == nullptr || segments->AsArray()->empty()) {
    return absl::InvalidArgumentError("there is no list \"segments\", or it is empty");
  }
  for (const Json& segment : *segments->AsArray()) {
    if (absl::Status status = AddSegment(source, docs, segment, row); !status.ok()) {
      return At(absl::StrCat("segment ", row.segments.size() + 1), status);
    }
  }
  return row;
}

}  // namespace

absl::StatusOr<std::vector<DocumentRow>> ReadDocuments(const Source& source, BadData& bad) {
  const std::vector<std::string> files = FilesNamed(source, {"docs.jsonl"});
  if (files.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "'", source.path(), "' holds no docs.jsonl; is data.kind = \"image_folder\" meant?"));
  }
  std::vector<DocumentRow> rows;
  for (const std::string& name : files) {
    ASSIGN_OR_RETURN(const std::vector<JsonLine> lines, ReadJsonLines(source, name));
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

}  // namespace tessera
