#include "data/document_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/status.h"
#include "data/text/text_check.h"
#include "files/json.h"

namespace tessera {
namespace {

Json ToJson(JsonObject segment, bool scored) {
  if (!scored) {
    segment.emplace_back("loss", Json{false});
  }
  return {std::move(segment)};
}

// The document's line; its pictures are written.
absl::StatusOr<Json> WriteDocument(const Files& files, const std::string& folder,
                                   const std::string& id, const Document& document,
                                   const std::function<std::string(const Image&)>& png_of) {
  JsonArray segments;
  for (size_t i = 0; i < document.segments.size(); ++i) {
    const Segment& segment = document.segments[i];
    const bool scored = !document.unscored.contains(i);
    if (const std::string* text = AsText(segment)) {
      if (!Trim(*text).empty()) {
        segments.push_back(ToJson({{"type", {"text"}}, {"text", {*text}}}, scored));
      }
      continue;
    }
    const std::string name = absl::StrCat("images/", id, "_", segments.size(), ".png");
    RETURN_IF_ERROR(files.Write(JoinPath(folder, name), png_of(*AsImage(segment))));
    segments.push_back(ToJson({{"type", {"image"}}, {"file_name", {name}}}, scored));
  }
  if (segments.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("document ", id, " is empty"));
  }
  return Json{JsonObject{{"id", {id}}, {"segments", {std::move(segments)}}}};
}

}  // namespace

absl::Status WriteDocuments(const Files& files, const std::string& folder,
                            const std::vector<Document>& documents, const PngOf& png_of) {
  RETURN_IF_ERROR(files.MakeFolder(JoinPath(folder, "images")));
  std::string lines;
  for (const Document& document : documents) {
    const size_t i = static_cast<size_t>(&document - documents.data());
    ASSIGN_OR_RETURN(const Json line,
                     WriteDocument(files, folder, absl::StrFormat("%06d", i), document,
                                   [&](const Image& image) { return png_of(i, image); }));
    absl::StrAppend(&lines, DumpJson(line), "\n");
  }
  return files.Write(JoinPath(folder, "docs.jsonl"), lines);
}

}  // namespace tessera
