// B = documents, T = slots, G = guidance conditions, N = patches, W = width.
#include "analysis/lab/true_conditions.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "config/status.h"
#include "infer/guidance.h"
#include "sequence/packer.h"

namespace tessera {
namespace {

constexpr int64_t kAtOnce = 64;  // documents

// Appends the share of a picture that is drawn before this turn, one number for each vector that
// the head draws.
void AppendShare(const Arrangement& arrangement, const PatchGrid& grid, int64_t turn,
                 std::vector<double>* share_N) {
  const int64_t block = arrangement.patches_at_once();
  if (turn % arrangement.joint_patches() == 0) {
    share_N->push_back(static_cast<double>(turn / block * block) /
                       static_cast<double>(grid.size()));
  }
}

// The conditions of the last picture's patches, in turn.
Tensor ConditionsUnder(const Run& run, const std::vector<Document>& documents, int64_t condition,
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
  std::vector<int64_t> drawn;  // which of the batch's patches are: those of each last picture
  share_N->clear();
  int64_t patch = 0;
  for (const Sequence& sequence : sequences) {
    for (const Picture& picture : sequence.pictures) {
      for (int64_t turn = 0; turn < picture.grid.size(); ++turn, ++patch) {
        if (&picture == &sequence.pictures.back()) {
          drawn.push_back(patch);
          AppendShare(layout.arrangement, picture.grid, turn, share_N);
        }
      }
    }
  }
  const Tensor drawn_N = torch::tensor(drawn, run.model->device());
  const Tensor h_MW = run.model->Hidden(batch, {}).flatten(0, 1);
  return run.model->Condition(
      at::index_select(h_MW, 0, at::index_select(batch.predictor_P, 0, drawn_N)),
      at::index_select(batch.patch_row_col_P2, 0, drawn_N));
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
          ConditionsUnder(run, part, static_cast<int64_t>(condition), &share_of_part));
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
