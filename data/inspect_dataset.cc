#include "data/inspect_dataset.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/image_io.h"

namespace tessera {
namespace {

constexpr size_t kShown = 10;

void Count(const Document& document, DatasetSummary& summary) {
  ++summary.documents;
  for (const Segment& segment : document.segments) {
    if (const std::string* text = AsText(segment)) {
      ++summary.texts;
      summary.text_bytes += std::ssize(*text);
      summary.longest_text = std::max<int64_t>(summary.longest_text, std::ssize(*text));
    } else {
      ++summary.pictures;
      ++summary.sizes[{AsImage(segment)->height, AsImage(segment)->width}];
    }
  }
}

std::string Line(const Document& document) {
  std::string line;
  for (const Segment& segment : document.segments) {
    absl::StrAppend(&line, line.empty() ? "" : " ");
    if (const Image* image = AsImage(segment)) {
      absl::StrAppend(&line, "[picture ", image->height, "x", image->width, "]");
    } else {
      absl::StrAppend(&line, *AsText(segment));
    }
  }
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace

DatasetSummary CheckDataset(const Dataset& dataset) {
  DatasetSummary summary;
  summary.problems = dataset.Problems();
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const absl::StatusOr<Document> document = dataset.Get(i);
    if (document.ok()) {
      Count(*document, summary);
    } else {
      summary.problems.emplace_back(document.status().message());
    }
  }
  return summary;
}

std::string ToString(const DatasetSummary& summary) {
  std::string out = absl::StrCat("documents: ", summary.documents, ", pictures: ", summary.pictures,
                                 ", texts: ", summary.texts, "\n");
  if (summary.texts > 0) {
    absl::StrAppend(&out, "texts: ", summary.text_bytes, " bytes, ",
                    summary.text_bytes / summary.texts, " in the mean, ", summary.longest_text,
                    " at most\n");
  }
  std::vector<std::pair<int64_t, std::pair<int64_t, int64_t>>> sizes;
  for (const auto& [size, count] : summary.sizes) {
    sizes.emplace_back(-count, size);
  }
  std::ranges::sort(sizes);
  for (size_t i = 0; i < std::min(sizes.size(), kShown); ++i) {
    const auto& [negative_count, size] = sizes[i];
    absl::StrAppend(&out, "of ", size.first, " x ", size.second, " pixels: ", -negative_count,
                    "\n");
  }
  if (sizes.size() > kShown) {
    absl::StrAppend(&out, "and ", sizes.size() - kShown, " other sizes\n");
  }
  absl::StrAppend(&out, "problems: ", summary.problems.size(), "\n");
  for (const std::string& problem : summary.problems) {
    absl::StrAppend(&out, "  ", problem, "\n");
  }
  return out;
}

absl::StatusOr<DatasetPreview> PreviewDataset(const Dataset& dataset, int64_t count) {
  constexpr int64_t kColumns = 8, kMargin = 4, kReadableSide = 96;
  DatasetPreview preview;
  std::vector<Image> images;
  int64_t longest_side = 1;
  for (int64_t i = 0; i < std::min(count, dataset.size()); ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i));
    preview.lines.push_back(Line(document));
    for (const Segment& segment : document.segments) {
      if (const Image* image = AsImage(segment)) {
        images.push_back(*image);
        longest_side = std::max({longest_side, image->height, image->width});
      }
    }
  }
  const int64_t scale = std::max<int64_t>(1, kReadableSide / longest_side);
  preview.sheet = ContactSheet(images, kColumns, kMargin, scale);
  return preview;
}

}  // namespace tessera
