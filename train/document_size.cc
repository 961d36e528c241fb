#include "train/document_size.h"

#include <algorithm>

#include "config/status.h"
#include "heads/network_size.h"
#include "sequence/mixed_order.h"

namespace tessera {
namespace {

constexpr int64_t kLookedAt = 64;   // documents
constexpr double kBytesAToken = 4;  // of text

}  // namespace

DocumentSize LeastDocument(const RunConfig& config) {
  const std::vector<DataConfig> sets = config.data.Sets();
  const bool pictures = std::ranges::all_of(sets, [](const DataConfig& set) {
    return set.kind == DataKind::kShapes || HasCaptionedPictures(set.kind);
  });
  return {.text_slots = 0, .pictures = pictures ? 1. : 0.};
}

absl::StatusOr<DocumentSize> MeanDocument(const Dataset& dataset) {
  const int64_t count = std::min(kLookedAt, dataset.size());
  DocumentSize sum;
  for (int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(SpreadAt(dataset, i, count)));
    for (const Segment& segment : document.segments) {
      const std::string* text = AsText(segment);
      sum.pictures += text == nullptr;
      sum.text_slots += text == nullptr ? 0 : static_cast<double>(text->size()) / kBytesAToken;
    }
  }
  const double documents = Number(std::max<int64_t>(count, 1));
  return DocumentSize{sum.text_slots / documents, sum.pictures / documents};
}

}  // namespace tessera
