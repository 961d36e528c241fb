#include "data/inspect_dataset.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "data/text/text_check.h"

namespace tessera {
namespace {

std::string Line(const Document& document) {
  std::string line;
  for (size_t i = 0; i < document.segments.size(); ++i) {
    const Image* image = AsImage(document.segments[i]);
    const bool scored = !document.unscored.contains(i);
    absl::StrAppend(&line, line.empty() ? "" : " ",
                    scored ? "" : "[not learnt: ", image != nullptr && scored ? "[" : "");
    if (image != nullptr) {
      absl::StrAppend(&line, "picture ", image->height, "x", image->width);
    } else {
      absl::StrAppend(&line, *AsText(document.segments[i]));
    }
    absl::StrAppend(&line, image != nullptr || !scored ? "]" : "");
  }
  return OneLine(line);
}

}  // namespace

DataAccount CheckDataset(const Dataset& dataset) {
  const DataAccount known = dataset.Account();
  if (known.decoded) {
    return known;
  }
  DataAccount account = known;
  account.documents = account.pictures = account.texts = account.text_bytes = 0;
  account.longest_text = account.test_documents = 0;
  account.decoded = true;
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
