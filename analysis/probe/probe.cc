// N = slots, P = patches, M = documents, W = width.
#include "analysis/probe/probe.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analysis/measure/judge.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "run/fitting_split.h"
#include "sequence/grids.h"

namespace tessera {
namespace {

constexpr char kAsStored[] = "as stored", kPictureFirst[] = "picture first";

absl::StatusOr<std::vector<Document>> WithPictures(const Dataset& dataset, int64_t count) {
  std::vector<Document> documents;
  for (int64_t i = 0; i < dataset.size() && std::ssize(documents) < count; ++i) {
    ASSIGN_OR_RETURN(Document document, dataset.Get(i));
    if (std::ranges::any_of(document.segments, [](const Segment& s) { return AsImage(s); })) {
      documents.push_back(std::move(document));
    }
  }
  return documents.empty() ? absl::StatusOr<std::vector<Document>>(absl::FailedPreconditionError(
                                 "the test split of this run has no pictures to probe"))
                           : documents;
}

// A text and its picture, turned round; empty if any document does not begin so.
std::vector<Document> PictureFirst(const std::vector<Document>& documents) {
  std::vector<Document> turned;
  for (const Document& document : documents) {
    const auto& segments = document.segments;
    if (segments.size() < 2 || !AsText(segments[0]) || !AsImage(segments[1])) {
      return {};
    }
    turned.push_back({{segments[1], segments[0]}});
  }
  return turned;
}

Tensor Rows(const Tensor& tensor, const Tensor& index) {
  return at::index_select(tensor, 0, index);
}

// Pixels of the slot's own patch, and of the patch that the slot predicts. Cells are given, so that
// only what differs between pictures counts.
void AddPixels(const HiddenStates& states, const char* reading, std::vector<ProbeCurve>* curves) {
  const ProbeSplit split = SplitByDocument(states.document_P);
  const int64_t cols = states.row_col_P2.select(1, 1).max().item<int64_t>() + 1;
  const Tensor cell_P = states.row_col_P2.select(1, 0) * cols + states.row_col_P2.select(1, 1);
  ProbeCurve own{"own pixels", "a patch", reading, "R^2"};
  ProbeCurve next{"next pixels", "the slot before", reading, "R^2"};
  ProbeCurve cell{"cell", "a patch", reading, "accuracy"};
  for (const Tensor& state_NW : states.state_NW) {
    const Tensor own_PW = Rows(state_NW, states.patch_slot_P);
    own.by_layer.push_back(ProbeNumbers(own_PW, states.patch_PD, split, cell_P));
    next.by_layer.push_back(
        ProbeNumbers(Rows(state_NW, states.predictor_P), states.patch_PD, split, cell_P));
    cell.by_layer.push_back(ProbeClass(own_PW, cell_P, split));
  }
  curves->insert(curves->end(), {own, next, cell});
}

// Labels of the first picture, read off the slot behind it, and off the mean of its patches.
void AddLabels(const HiddenStates& states, const std::vector<Label>& labels, const char* reading,
               std::vector<ProbeCurve>* curves) {
  for (const Label& label : labels) {
    const Tensor class_M = at::tensor(label.of_document, torch::kLong);
    const Tensor captioned_L =
        at::nonzero(at::logical_and(class_M >= 0, states.end_M >= 0)).squeeze(1);
    if (captioned_L.size(0) == 0) {
      continue;
    }
    const ProbeSplit split = SplitByDocument(at::arange(captioned_L.size(0), torch::kLong));
    const Tensor class_L = Rows(class_M, captioned_L);
    const Tensor begin_L = Rows(states.begin_M, captioned_L),
                 end_L = Rows(states.end_M, captioned_L);
    ProbeCurve end{label.name, "behind the picture", reading, "accuracy"};
    ProbeCurve mean{label.name, "mean of the patches", reading, "accuracy"};
    for (const Tensor& state_NW : states.state_NW) {
      end.by_layer.push_back(ProbeClass(Rows(state_NW, end_L), class_L, split));
      const Tensor zero_1W = at::zeros({1, state_NW.size(1)}, torch::kDouble);
      const Tensor sum_NW = at::cat({zero_1W, state_NW.to(torch::kDouble).cumsum(0)});
      const Tensor count_L1 = (end_L - begin_L).unsqueeze(1);
      mean.by_layer.push_back(
          ProbeClass((Rows(sum_NW, end_L) - Rows(sum_NW, begin_L)) / count_L1, class_L, split));
    }
    curves->insert(curves->end(), {end, mean});
  }
}

// What is drawn where the first picture stands, beside that picture. Of the grid of the first
// document alone.
absl::StatusOr<std::vector<DriftCurve>> Drift(const Run& run,
                                              const std::vector<Document>& documents,
                                              const ProbeOptions& options) {
  const LayoutSpec& layout = run.layout;
  std::vector<Document> prompts;
  std::vector<Image> real;
  std::optional<int64_t> grid;
  for (const Document& document : documents) {
    const auto picture = std::ranges::find_if(
        document.segments, [](const Segment& segment) { return AsImage(segment) != nullptr; });
    const int64_t nearest = NearestGrid(*AsImage(*picture), layout.grids);
    if (std::ssize(real) < options.drawn && nearest == grid.value_or(nearest)) {
      grid = nearest;
      real.push_back(FitToGrid(*AsImage(*picture), layout.grids[static_cast<size_t>(nearest)],
                               layout.patch, layout.fit));
      prompts.push_back({{document.segments.begin(), picture}});
    }
  }
  const auto curve = [&](const char* name, const std::vector<Image>& images) {
    return DriftCurve{name, StatisticsByTurn(images, layout.grids[static_cast<size_t>(*grid)],
                                             layout.patch, layout.arrangement.order)};
  };
  std::vector<DriftCurve> curves = {curve("true", real)};
  const EvaluateOptions draw{.seed = options.seed};
  curves.push_back(curve("drawn", Draw(run, prompts, draw, grid).images));
  if (run.config.generate.guidance != 1 || run.config.generate.image_guidance != 1) {
    Run plain = run;
    plain.config.generate.guidance = plain.config.generate.image_guidance = 1;
    plain.config.generate.guidance_schedule = GuidanceSchedule::kConstant;
    curves.push_back(curve("drawn without guidance", Draw(plain, prompts, draw, grid).images));
  }
  return curves;
}

// The documents in the order in which the run reads them.
struct Reading {
  const char* name;
  std::vector<Document> documents;
};

void AddReading(const Run& run, const Reading& reading, const std::vector<Label>& labels,
                const ProbeOptions& options, ProbeResult* result) {
  options.Begin("hidden states");
  const HiddenStates states = ReadHiddenStates(run, reading.documents);
  if (result->exported.empty()) {
    result->layers = states.layers;
    result->patches = states.patch_PD.size(0);
    result->exported = ExportOf(states, options.exported);
  }
  options.Begin("linear probes");
  if (result->patches > 0) {
    AddPixels(states, reading.name, &result->curves);
    AddLabels(states, labels, reading.name, &result->curves);
  }
  for (int64_t i = 0; i < std::min(options.shown, std::ssize(reading.documents)); ++i) {
    const Document& document = reading.documents[static_cast<size_t>(i)];
    if (!Layout(document, run.layout, run.tokenizer).pictures.empty()) {
      const AttentionView& view = result->views.emplace_back(LookAt(run, document));
      result->exported.emplace_back(absl::StrCat("attention_", result->views.size() - 1),
                                    at::stack(view.weight_HTS));
    }
  }
}

}  // namespace

absl::StatusOr<ProbeResult> ProbeRun(const Run& run, const std::shared_ptr<const Files>& files,
                                     const ProbeOptions& options) {
  ASSIGN_OR_RETURN(const auto test, OpenFittingPart(run, Split::kTest, files));
  ASSIGN_OR_RETURN(const std::vector<Document> documents, WithPictures(*test, options.documents));
  ASSIGN_OR_RETURN(const std::vector<Label> labels, MakeJudge(run.config.data)->Labels(documents));
  ProbeResult result{.documents = std::ssize(documents)};
  for (const Reading& reading :
       {Reading{kAsStored, documents}, Reading{kPictureFirst, PictureFirst(documents)}}) {
    if (!reading.documents.empty()) {
      AddReading(run, reading, labels, options, &result);
    }
  }
  options.Begin("losses");
  result.losses = SplitLoss(run, documents, options.seed);
  if (run.config.generates_images()) {
    options.Begin("pictures");
    ASSIGN_OR_RETURN(result.drift, Drift(run, documents, options));
  }
  return result;
}

}  // namespace tessera
