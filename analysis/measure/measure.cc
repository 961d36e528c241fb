#include "analysis/measure/measure.h"

#include <cmath>
#include <string>

#include "absl/strings/str_format.h"
#include "analysis/measure/evaluate.h"
#include "analysis/measure/flops.h"
#include "analysis/measure/judge.h"
#include "analysis/measure/reconstructions.h"
#include "config/status.h"
#include "run/fitting_split.h"

namespace tessera {
namespace {

absl::Status AddLikelihoods(const Run& run, const Splits& splits, const EvaluateOptions& options,
                            Metrics* metrics) {
  const auto add = [&](const HeldOutLikelihood& likelihood, const std::string& error) {
    if (std::isfinite(likelihood.bits)) {
      metrics->emplace_back("bits_per_subpixel_" + std::string(EnumName(likelihood.kind)),
                            likelihood.bits);
      metrics->emplace_back("bits_per_subpixel_" + error, likelihood.error);
    }
  };
  ASSIGN_OR_RETURN(const HeldOutLikelihood likelihood, EvaluateLikelihood(run, splits, options));
  add(likelihood, "error");
  if (options.exact_ode && DrawsInSteps(run.config.model.head.kind)) {
    ASSIGN_OR_RETURN(const HeldOutLikelihood along_flow,
                     EvaluateAlongFlow(run, splits.test, options));
    add(along_flow, "exact_ode_error");
  }
  return absl::OkStatus();
}

absl::Status AddLosses(const Run& run, const Splits& splits, const EvaluateOptions& options,
                       Metrics* metrics) {
  if (splits.test->size() > 0) {
    ASSIGN_OR_RETURN(const HeldOutLoss loss, EvaluateLoss(run, splits.test, options));
    metrics->insert(metrics->end(), {{"text_nats", loss.text},
                                     {"text_perplexity", std::exp(loss.text)},
                                     {"image_loss", loss.image}});
    for (size_t i = 0; i < loss.image_by_level.size(); ++i) {
      metrics->emplace_back(absl::StrFormat("clean_error_at_%.2f", (i + 0.5) / 10),
                            loss.image_by_level[i]);
    }
    for (size_t i = 0; i < loss.text_by_set.size(); ++i) {
      const std::string& set = run.config.data.mix[i].name;
      metrics->emplace_back("text_nats_of_" + set, loss.text_by_set[i]);
      metrics->emplace_back("image_loss_of_" + set, loss.image_by_set[i]);
    }
    if (run.config.generates_images()) {
      RETURN_IF_ERROR(AddLikelihoods(run, splits, options, metrics));
    }
  }
  ASSIGN_OR_RETURN(const HeldOutLoss loss, EvaluateLoss(run, splits.training, options));
  metrics->emplace_back("training_text_nats", loss.text);
  metrics->emplace_back("training_image_loss", loss.image);
  return absl::OkStatus();
}

absl::StatusOr<Metrics> MeasureModel(const Run& run, Splits splits,
                                     const std::shared_ptr<const Files>& files,
                                     const EvaluateOptions& options) {
  const std::unique_ptr<const Judge> judge = MakeJudge(run.config.data);
  Metrics metrics = {{"count", options.count}};
  RETURN_IF_ERROR(AddLosses(run, splits, options, &metrics));
  RETURN_IF_ERROR(AddCost(run, splits.training, *splits.test, options, &metrics));
  if (judge->HoldsOut()) {
    ASSIGN_OR_RETURN(splits.held_out, OpenFittingPart(run, Split::kHeldOut, files));
  }
  RETURN_IF_ERROR(judge->AddMetrics(run, splits, options, &metrics));
  return metrics;
}

}  // namespace

absl::StatusOr<Metrics> Measure(const Run& run, const std::shared_ptr<const Files>& files,
                                const EvaluateOptions& options) {
  Splits splits;
  ASSIGN_OR_RETURN(splits.training, OpenFittingPart(run, Split::kTrain, files));
  TooLong too_long;
  ASSIGN_OR_RETURN(splits.test, OpenFittingPart(run, Split::kTest, files, &too_long));
  Metrics metrics;
  if (run.model != nullptr) {
    ASSIGN_OR_RETURN(metrics, MeasureModel(run, splits, files, options));
  }
  if (too_long.left_out) {
    metrics.emplace_back("test_documents_left_out", too_long.indices.size());
  }
  if (run.autoencoder != nullptr) {
    const Dataset& seen = splits.test->size() > 0 ? *splits.test : *splits.training;
    ASSIGN_OR_RETURN(const Metrics codes, MeasureReconstructions(run, seen, options));
    metrics.insert(metrics.end(), codes.begin(), codes.end());
  }
  return metrics;
}

}  // namespace tessera
