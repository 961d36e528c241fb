// B = documents, T = slots, L = num_conditions of guidance, N = patches, W = width.
#include "analysis/lab/true_conditions.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "config/status.h"
#include "infer/guidance.h"
#include "sequence/packer.h"
#include "sequence/patch_order.h"

namespace tessera {
namespace {

constexpr int64_t kAtOnce = 64;  // documents

// What the head is told of the last picture's patches in a condition, in turn.
Tensor LaneConditions(const Run& run, const std::vector<Document>& documents, int64_t condition,
                      std::vector<double>* share_N) {
  LayoutSpec layout = run.layout;
  layout.max_slots = 0;
  const ContinuationRules rules{run.tokenizer, layout, run.config.generate, Until::kImage};
  std::vector<Sequence> sequences;
  std::vector<Row> rows;
  for (const Document& document : documents) {
    rows.push_back({std::ssize(sequences)});
    sequences.push_back(SequenceUnder(condition, document, {}, rules));
    sequences.back().pictures.back().hidden = false;  // it is the one that is drawn
  }
  const Batch batch = PackRows(sequences, rows, layout.patch).To(run.model->device());
  const int64_t ahead = layout.arrangement.patches_at_once();
  std::vector<int64_t> slot, place;
  share_N->clear();
  for (int64_t b = 0; b < std::ssize(sequences); ++b) {
    const Picture& picture = sequences[static_cast<size_t>(b)].pictures.back();
    int64_t turn = 0;
    for (const int64_t cell :
         CellsInOrder(layout.arrangement.order, picture.grid, picture.order_key)) {
      slot.push_back(b * batch.slots() + picture.first_slot + turn - ahead);
      const auto [row, col] = picture.grid.At(cell);
      place.insert(place.end(), {row, col});
      if (turn % layout.arrangement.joint_patches() == 0) {
        share_N->push_back(static_cast<double>(turn / ahead * ahead) /
                           static_cast<double>(picture.grid.size()));
      }
      ++turn;
    }
  }
  const torch::Device device = run.model->device();
  const Tensor h_MW = run.model->Hidden(batch, {}).flatten(0, 1);
  return run.model->Condition(at::index_select(h_MW, 0, torch::tensor(slot, device)),
                              torch::tensor(place, device).view({-1, 2}));
}

}  // namespace

// Documents up to their first picture, that included.
absl::StatusOr<std::vector<Document>> UpToPictures(const Dataset& dataset, int64_t count) {
  std::vector<Document> documents;
  for (int64_t i = 0; i < dataset.size() && std::ssize(documents) < count; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i));
    const auto picture = std::ranges::find_if(
        document.segments, [](const Segment& segment) { return AsImage(segment) != nullptr; });
    if (picture != document.segments.end()) {
      documents.push_back({{document.segments.begin(), picture + 1}});
    }
  }
  return documents.empty() ? absl::StatusOr<std::vector<Document>>(absl::FailedPreconditionError(
                                 "the test split of this run has no pictures to draw"))
                           : documents;
}

absl::StatusOr<Conditions> TrueConditions(const Run& run, const Dataset& dataset,
                                          int64_t documents) {
  const torch::NoGradGuard no_grad;
  ASSIGN_OR_RETURN(const std::vector<Document> all, UpToPictures(dataset, documents));
  std::vector<std::vector<Tensor>> z_of_lanes(NumGuidanceConditions(run.config.generate));
  std::vector<double> share_N, share_of_part;
  for (int64_t first = 0; first < std::ssize(all); first += kAtOnce) {
    const std::vector<Document> part(all.begin() + first,
                                     all.begin() + std::min(first + kAtOnce, std::ssize(all)));
    for (size_t condition = 0; condition < z_of_lanes.size(); ++condition) {
      z_of_lanes[condition].push_back(
          LaneConditions(run, part, static_cast<int64_t>(condition), &share_of_part));
    }
    share_N.insert(share_N.end(), share_of_part.begin(), share_of_part.end());
  }
  std::vector<Tensor> num_conditions;
  for (const std::vector<Tensor>& parts : z_of_lanes) {
    num_conditions.push_back(at::cat(parts));
  }
  return Guide(at::stack(num_conditions), share_N, run.config.generate);
}

}  // namespace tessera
