#include "sequence/fit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/dataset_part.h"

namespace tessera {
namespace {

constexpr int64_t kDrawnLookedAt = 1000;

// A picture that is not decoded takes most slots that any can.
int64_t SlotsOf(const Image& image, const LayoutSpec& layout) {
  int64_t most = 0;
  for (const PatchGrid& grid : layout.grids) {
    most = std::max(most, PictureSlots(layout, grid));
  }
  return image.height > 0 ? PictureSlots(layout, layout.grids[NearestGrid(image, layout.grids)])
                          : most;
}

std::vector<SegmentSize> SizesOf(const Document& document, const LayoutSpec& layout,
                                 const Tokenizer& tokenizer) {
  std::vector<SegmentSize> sizes;
  for (const Segment& segment : document.segments) {
    const std::string* text = AsText(segment);
    sizes.push_back(text != nullptr ? SegmentSize{std::ssize(tokenizer.Encode(*text)), false}
                                    : SegmentSize{SlotsOf(*AsImage(segment), layout), true});
  }
  return sizes;
}

// Empty if all of the document has room.
std::string Loss(const std::vector<SegmentSize>& segments, int64_t room) {
  const std::vector<int64_t> kept = FitSegments(segments, room);
  int64_t tokens = 0, kept_tokens = 0, pictures = 0, kept_pictures = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    (segments[i].is_picture ? pictures : tokens) += segments[i].is_picture ? 1 : segments[i].slots;
    (segments[i].is_picture ? kept_pictures : kept_tokens) +=
        segments[i].is_picture ? kept[i] > 0 : kept[i];
  }
  return kept_tokens == tokens && kept_pictures == pictures
             ? ""
             : absl::StrCat("room for ", kept_tokens, " of ", tokens, " tokens of text and ",
                            kept_pictures, " of ", pictures,
                            pictures == 1 ? " picture" : " pictures");
}

}  // namespace

std::vector<int64_t> FitSegments(const std::vector<SegmentSize>& segments, int64_t room) {
  std::vector<int64_t> kept;
  for (auto segment = segments.begin(); segment != segments.end(); ++segment) {
    int64_t keeps = segment->slots;
    if (segment->is_picture) {
      if (keeps > room) {
        break;
      }
    } else {
      const auto next = std::find_if(segment, segments.end(),
                                     [](const SegmentSize& later) { return later.is_picture; });
      const bool fits = next != segments.end() && next->slots <= room;
      const int64_t end = fits && next + 1 == segments.end() ? 1 : 0;
      keeps = std::min(keeps, std::max<int64_t>(room - (fits ? next->slots : 0) - end, 0));
    }
    kept.push_back(keeps);
    room -= keeps;
    if (keeps < segment->slots && room == 0) {
      break;
    }
  }
  kept.resize(segments.size(), 0);
  return kept;
}

namespace {

// The documents to look at.
std::vector<int64_t> LookedAt(const Dataset& dataset, const DataConfig& data) {
  std::vector<int64_t> indices;
  std::vector<MixedSet> sets = dataset.Sets();
  if (sets.empty()) {
    sets = {{"", 1, dataset.size()}};
  }
  int64_t first = 0;
  for (size_t k = 0; k < sets.size(); first += sets[k++].size) {
    const DataKind kind = data.mixes() ? data.mix[k].data.kind : data.kind;
    const int64_t size = sets[k].size;
    const int64_t count = kind == DataKind::kShapes ? std::min(kDrawnLookedAt, size) : size;
    for (int64_t i = 0; i < count; ++i) {
      indices.push_back(first + (count == size ? i : i * size / count));
    }
  }
  return indices;
}

}  // namespace

absl::StatusOr<TooLong> FindTooLong(const Dataset& dataset, const DataConfig& data,
                                    const LayoutSpec& layout, const Tokenizer& tokenizer) {
  const std::vector<int64_t> indices = LookedAt(dataset, data);
  TooLong found{.row_length = layout.max_slots, .looked_at = std::ssize(indices)};
  const int64_t room = layout.max_slots - 1;  // behind <doc>
  for (const int64_t index : indices) {
    ASSIGN_OR_RETURN(const Document outline, dataset.Outline(index));
    std::string loss = Loss(SizesOf(outline, layout, tokenizer), room);
    if (!loss.empty() && layout.grids.size() > 1) {
      ASSIGN_OR_RETURN(const Document document, dataset.Get(index));
      loss = Loss(SizesOf(document, layout, tokenizer), room);
    }
    if (loss.empty()) {
      continue;
    }
    found.indices.push_back(index);
    if (found.named.size() < TooLong::kNamed) {
      found.named.push_back(absl::StrCat(dataset.Where(index), ": ", loss));
    }
  }
  return found;
}

absl::StatusOr<std::shared_ptr<const Dataset>> ToRead(std::shared_ptr<const Dataset> dataset,
                                                      Split split, LongDocuments policy,
                                                      TooLong* too_long) {
  if (too_long->indices.empty()) {
    return dataset;
  }
  switch (policy) {
    case LongDocuments::kCut:
      return dataset;
    case LongDocuments::kSkip:
      too_long->left_out = true;
      if (split == Split::kTrain && std::ssize(too_long->indices) == dataset->size()) {
        return absl::NotFoundError(
            absl::StrCat("no document fits train.row_length = ", too_long->row_length, "; ",
                         too_long->named.front(), "; raise it, or set data.too_long = \"cut\""));
      }
      dataset = Without(std::move(dataset), too_long->indices);
      for (const MixedSet& set : dataset->Sets()) {
        if (split == Split::kTrain && set.size == 0) {
          return absl::NotFoundError(absl::StrCat("no document of the set ", set.name,
                                                  " fits train.row_length = ", too_long->row_length,
                                                  "; raise it, or set data.too_long = \"cut\""));
        }
      }
      return dataset;
    case LongDocuments::kStop:
      return absl::InvalidArgumentError(absl::StrCat(
          too_long->indices.size(), " of ", too_long->looked_at,
          split == Split::kTrain ? " documents" : " documents to test on",
          " do not fit train.row_length = ", too_long->row_length, "; ", too_long->named.front(),
          "; raise it, shorten them, or set data.too_long = ", "\"cut\" or \"skip\""));
  }
  return absl::InternalError("unknown data.too_long");
}

}  // namespace tessera
