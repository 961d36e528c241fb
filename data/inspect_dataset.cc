#include "data/inspect_dataset.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "data/text/text_check.h"

namespace tessera {
namespace {

std::string Shown(const Segment& segment, bool scored) {
  const Image* image = AsImage(segment);
  const std::string shown = image != nullptr
                                ? absl::StrCat("picture ", image->height, "x", image->width)
                                : *AsText(segment);
  if (!scored) {
    return absl::StrCat("[not learnt: ", shown, "]");
  }
  return image != nullptr ? absl::StrCat("[", shown, "]") : shown;
}

std::string Line(const Document& document) {
  std::string line;
  for (size_t i = 0; i < document.segments.size(); ++i) {
    absl::StrAppend(&line, line.empty() ? "" : " ",
                    Shown(document.segments[i], !document.unscored.contains(i)));
  }
  return OneLine(line);
}

}  // namespace

DataAccount CheckDataset(const Dataset& dataset) {
  const DataAccount known = dataset.Account();
  if (known.decoded) {
    return known;
  }
  DataAccount account{.decoded = true,
                      .passed_over = known.passed_over,
                      .bad = known.bad,
                      .train_names = known.train_names,
                      .test_names = known.test_names,
                      .labels = known.labels,
                      .unscored = known.unscored,
                      .sets = known.sets};
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const absl::StatusOr<Document> document = dataset.Get(i);
    if (!document.ok()) {
      account.bad.emplace_back(document.status().message());
      continue;
    }
    ++account.documents;
    for (const Segment& segment : document->segments) {
      if (const Image* image = AsImage(segment)) {
        ++account.pictures;
        ++account.sizes[{image->height, image->width}];
      } else {
        account.CountText(*AsText(segment));
      }
    }
  }
  return account;
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
