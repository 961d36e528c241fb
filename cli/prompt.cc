#include "cli/prompt.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "config/status.h"
#include "config/suggest.h"
#include "data/document_reader.h"
#include "data/file_names.h"
#include "data/text/text_check.h"
#include "sequence/grids.h"

namespace tessera {
namespace {

absl::StatusOr<Segment> ReadSegment(const std::string& word, const Files& files,
                                    int64_t max_pixels) {
  if (IsReadablePicture(word)) {
    ASSIGN_OR_RETURN(Image image, ReadPicture(word, files, max_pixels));
    return Segment(std::move(image));
  }
  // A text too long for a name cannot be looked at, and is no file.
  if (const auto kind = files.Kind(word); kind.ok() && *kind == PathKind::kFile) {
    return absl::InvalidArgumentError(
        absl::StrCat("prompt: '", word, "' is a file and, by its ending, no picture that can be ",
                     "read; ", PictureRule()));
  }
  if (const absl::Status status = CheckText(word); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("prompt: ", status.message()));
  }
  return Segment(word);
}

absl::StatusOr<Document> ReadWords(const std::vector<std::string>& words, const Files& files,
                                   int64_t max_pixels) {
  Document document;
  for (const std::string& word : words) {
    ASSIGN_OR_RETURN(Segment segment, ReadSegment(word, files, max_pixels));
    document.segments.push_back(std::move(segment));
  }
  return document;
}

}  // namespace

std::string PictureRule() { return absl::StrCat("a picture ends in one of ", ReadableEndings()); }

absl::StatusOr<Document> ReadPrompt(const PromptArguments& arguments, const Files& files,
                                    const LayoutSpec& layout, int64_t max_pixels) {
  ASSIGN_OR_RETURN(Document document, arguments.document.empty()
                                          ? ReadWords(arguments.words, files, max_pixels)
                                          : ReadDocument(arguments.document, files, max_pixels));
  for (Segment& segment : document.segments) {
    if (Image* image = std::get_if<Image>(&segment)) {
      const PatchGrid grid = layout.grids[NearestGrid(*image, layout.grids)];
      *image = FitToGrid(*image, grid, layout.patch, layout.fit);
    }
  }
  return document;
}

absl::StatusOr<std::optional<int64_t>> GridIndex(const std::string& what, const std::string& name,
                                                 const std::vector<PatchGrid>& grids) {
  if (name.empty()) {
    return std::optional<int64_t>();
  }
  const auto parsed = ParseGrids({name});
  const auto found = parsed.ok() ? std::ranges::find(grids, parsed->front()) : grids.end();
  if (found != grids.end()) {
    return std::optional<int64_t>(found - grids.begin());
  }
  const auto say = [](std::string* out, const PatchGrid& grid) {
    absl::StrAppend(out, grid.rows, "x", grid.cols);
  };
  return absl::InvalidArgumentError(
      absl::StrCat(what, " '", name, "' is no grid of this run, which draws pictures of ",
                   absl::StrJoin(grids, ", ", say), " patches; choose one of these"));
}

absl::StatusOr<Until> UntilWhat(const PromptArguments& arguments, const Document& prompt) {
  if (!arguments.until.empty()) {
    const auto until = EnumFromName<Until>(arguments.until);
    const auto names = EnumNames(Until{});
    const std::vector<std::string> known(names.begin(), names.end());
    return until ? absl::StatusOr<Until>(*until)
                 : absl::InvalidArgumentError(
                       absl::StrCat("--until is text, image or end; nearest to '", arguments.until,
                                    "' is '", Nearest(arguments.until, known), "'"));
  }
  if (!arguments.document.empty() || prompt.segments.empty()) {
    return Until::kEnd;
  }
  const bool picture = std::ranges::any_of(
      prompt.segments, [](const Segment& segment) { return AsImage(segment) != nullptr; });
  return picture ? Until::kText : Until::kImage;
}

}  // namespace tessera
