#include "data/document_reader.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/documents.h"
#include "data/image/image_io.h"
#include "data/source.h"
#include "data/text/text_check.h"
#include "files/json.h"

namespace tessera {
namespace {

absl::StatusOr<NamedSegments> ReadSegments(const std::string& json) {
  ASSIGN_OR_RETURN(const std::string_view text, TextOfFile(json));
  if (const std::optional<int64_t> at = FirstInvalidUtf8(text)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid UTF-8 at byte ", *at));
  }
  ASSIGN_OR_RETURN(const Json document, ParseJson(text));
  return ParseSegments(document);
}

}  // namespace

absl::StatusOr<Image> ReadPicture(const std::string& path, const Files& files, int64_t max_pixels) {
  ASSIGN_OR_RETURN(const std::string bytes, files.Read(path));
  absl::StatusOr<Image> image = DecodeImage(bytes, max_pixels);
  if (!image.ok()) {
    return absl::Status(image.status().code(),
                        absl::StrCat("'", path, "' is ", image.status().message()));
  }
  return image;
}

absl::StatusOr<Document> ReadDocument(const std::string& path, const Files& files,
                                      int64_t max_pixels) {
  ASSIGN_OR_RETURN(const std::string json, files.Read(path));
  absl::StatusOr<NamedSegments> parsed = ReadSegments(json);
  if (!parsed.ok()) {
    return At(absl::StrCat("'", path, "'"), parsed.status());
  }
  Document document;  // to continue, not to learn, so that nobody asks what is not learnt
  for (NamedSegment& segment : parsed->segments) {
    if (std::string* text = std::get_if<std::string>(&segment)) {
      document.segments.emplace_back(std::move(*text));
      continue;
    }
    ASSIGN_OR_RETURN(const std::string name, SafeName(std::get<PictureName>(segment).name));
    ASSIGN_OR_RETURN(Image image,
                     ReadPicture(JoinPath(FolderPrefix(path), name), files, max_pixels));
    document.segments.emplace_back(std::move(image));
  }
  return document;
}

}  // namespace tessera
