#include "data/documents.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/suggest.h"
#include "data/file_names.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

absl::StatusOr<NamedSegment> ParseSegment(const Json& segment) {
  if (segment.AsObject() == nullptr) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  ASSIGN_OR_RETURN(const std::string type, RequiredString(segment, "type"));
  if (type == "text") {
    ASSIGN_OR_RETURN(std::string text, RequiredString(segment, "text"));
    RETURN_IF_ERROR(CheckText(text));
    return text;
  }
  if (type == "image") {
    ASSIGN_OR_RETURN(std::string file_name, RequiredString(segment, "file_name"));
    return PictureName{std::move(file_name)};
  }
  const std::vector<std::string> types = {"text", "image"};
  return absl::InvalidArgumentError(
      absl::StrCat("unknown type \"", type, "\"; the nearest is \"", Nearest(type, types), "\""));
}

// Segments are learnt unless they say otherwise.
absl::StatusOr<bool> IsScored(const Json& segment) {
  const Json* loss = segment.Find("loss");
  const bool* scored = loss != nullptr ? std::get_if<bool>(&loss->value) : nullptr;
  if (loss != nullptr && scored == nullptr) {
    return absl::InvalidArgumentError("\"loss\" is neither true nor false");
  }
  return scored == nullptr || *scored;
}

absl::StatusOr<DocumentRow> ParseRow(const Source& source, const std::string& docs,
                                     const JsonLine& line, std::set<std::string>* read) {
  RETURN_IF_ERROR(line.json.status());
  const Json* id = line.json->Find("id");
  const std::string key =
      id != nullptr && id->AsString() != nullptr ? *id->AsString() : DumpJson(*line.json);
  DocumentRow row{line.where, HashBytes(key), {}, {}};
  ASSIGN_OR_RETURN(row.split, RowSplit(*line.json));
  if (!row.split) {
    row.split = SplitOfFolder(docs);
  }
  ASSIGN_OR_RETURN(NamedSegments parsed, ParseSegments(*line.json));
  row.segments = std::move(parsed.segments);
  row.unscored = std::move(parsed.unscored);
  for (size_t i = 0; i < row.segments.size(); ++i) {
    if (PictureName* picture = std::get_if<PictureName>(&row.segments[i])) {
      absl::StatusOr<PictureName> found = FindPicture(source, docs, picture->name, read);
      if (!found.ok()) {
        return At(absl::StrCat("segment ", i + 1), found.status());
      }
      *picture = *std::move(found);
    }
  }
  return row;
}

}  // namespace

absl::StatusOr<NamedSegments> ParseSegments(const Json& document) {
  const Json* list = document.Find("segments");
  if (list == nullptr || list->AsArray() == nullptr || list->AsArray()->empty()) {
    return absl::InvalidArgumentError("there is no list \"segments\", or it is empty");
  }
  NamedSegments parsed;
  for (const Json& item : *list->AsArray()) {
    const size_t index = parsed.segments.size();
    absl::StatusOr<NamedSegment> segment = ParseSegment(item);
    const absl::StatusOr<bool> scored = segment.ok() ? IsScored(item) : segment.status();
    if (!scored.ok()) {
      return At(absl::StrCat("segment ", index + 1), scored.status());
    }
    parsed.segments.push_back(*std::move(segment));
    if (!*scored) {
      parsed.unscored.insert(index);
    }
  }
  return parsed;
}

absl::StatusOr<Rows> ReadDocuments(const Source& source, BadData& bad) {
  const std::vector<std::string> files = FilesNamed(source, {"docs.jsonl"});
  if (files.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "'", source.path(), "' holds no docs.jsonl; is data.kind = \"image_folder\" meant?"));
  }
  Rows rows{.rows = {}, .read = {files.begin(), files.end()}};
  for (const std::string& name : files) {
    ASSIGN_OR_RETURN(const std::vector<JsonLine> lines, ReadJsonLines(source, name));
    for (const JsonLine& line : lines) {
      absl::StatusOr<DocumentRow> row = ParseRow(source, name, line, &rows.read);
      if (row.ok()) {
        rows.rows.push_back(*std::move(row));
      } else {
        RETURN_IF_ERROR(bad.Report(At(line.where, row.status())));
      }
    }
  }
  return rows;
}

}  // namespace tessera
