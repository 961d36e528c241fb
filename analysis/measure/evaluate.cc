#include "analysis/measure/evaluate.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "config/status.h"
#include "ops/random.h"
#include "sequence/loader.h"
#include "train/binned_mean.h"

namespace tessera {
namespace {

constexpr int64_t kMeasuredPatches = 32;  // of a batch
constexpr int64_t kFittedBatches = 8;     // to which a decoder is fitted

struct Batches {
  BatchSource source;
  int64_t count;
};

// Nothing hidden, all texts of equal weight. Batches of equal size, so that fewer documents than
// batches come twice.
Batches EvaluationBatches(const Run& run, std::shared_ptr<const Dataset> dataset,
                          const EvaluateOptions& options) {
  DataConfig data = run.config.data;
  data.show.drop_text = data.show.drop_images = 0;
  LayoutSpec layout = run.layout;
  layout.prompt_weight = 1;
  const int64_t total = std::min(options.count, dataset->size());
  const int64_t count = (total + options.batch - 1) / options.batch;
  const int64_t documents = count > 0 ? (total + count - 1) / count : 0;
  return {
      {std::move(dataset), run.tokenizer, layout, data, documents, /*shuffle=*/true, options.seed},
      count};
}

// Calls `use` with each batch that has scored patches, on the run's device, and its generator.
absl::Status ForScoredBatches(const Run& run, std::shared_ptr<const Dataset> dataset,
                              const EvaluateOptions& options,
                              const std::function<void(const Batch&, at::Generator)>& use) {
  const Batches batches = EvaluationBatches(run, std::move(dataset), options);
  for (int64_t i = 0; i < batches.count; ++i) {
    ASSIGN_OR_RETURN(const Batch batch, MakeBatch(batches.source, i));
    if (batch.scored_P.any().item<bool>()) {
      use(batch.To(run.model->device()),
          MakeGenerator(run.model->device(), options.seed, Stream::kEvaluate, i));
    }
  }
  return absl::OkStatus();
}

Measuring MeasuringOf(const Run& run) { return {kMeasuredPatches, run.config.generate.rounds}; }

// No number if the objective does not measure.
absl::StatusOr<HeldOutLikelihood> MeasureHeldOut(const Run& run,
                                                 std::shared_ptr<const Dataset> test,
                                                 const EvaluateOptions& options,
                                                 const Measuring& measuring) {
  HeldOutLikelihood likelihood{.bits = NAN, .error = NAN};
  Objective& objective = run.model->objective();
  if (!objective.measures()) {
    return likelihood;
  }
  Tensor bits_N = at::empty({0}, torch::kDouble);
  RETURN_IF_ERROR(
      ForScoredBatches(run, std::move(test), options, [&](const Batch& batch, at::Generator rng) {
        const Likelihood part = objective.Measure(batch, measuring, std::move(rng));
        likelihood.kind = part.kind;
        bits_N = at::cat({bits_N, part.bits_N.to(torch::kCPU)});
      }));
  const int64_t patches = bits_N.size(0);
  likelihood.bits = bits_N.mean().item<double>();
  if (patches > 1) {  // LibTorch writes a warning about the deviation of fewer
    likelihood.error = bits_N.std().item<double>() / std::sqrt(static_cast<double>(patches));
  }
  return likelihood;
}

}  // namespace

absl::StatusOr<HeldOutLoss> EvaluateLoss(const Run& run, std::shared_ptr<const Dataset> dataset,
                                         const EvaluateOptions& options) {
  torch::NoGradGuard no_grad;
  const Batches batches = EvaluationBatches(run, std::move(dataset), options);
  HeldOutLoss loss;
  LossCounts counts;
  BinnedMean by_level;
  for (int64_t i = 0; i < batches.count; ++i) {
    ASSIGN_OR_RETURN(const Batch batch, MakeBatch(batches.source, i));
    const auto rng = MakeGenerator(run.learner->device(), options.seed, Stream::kEvaluate, i);
    const ModelLoss part = run.learner->Loss(batch.To(run.learner->device()), {1, 1}, rng);
    const LossCounts count = run.learner->Counts(batch);
    counts.text += count.text;
    counts.image += count.image;
    loss.text += part.text_sum.item<double>();
    loss.image += part.image_sum.item<double>();
    if (part.image.level_M.defined()) {
      by_level.AddByLevel(part.image.level_M, part.image.by_level_M);
    }
  }
  const auto mean = [](double sum, double count) {
    return std::isnan(sum) ? std::numeric_limits<double>::infinity() : sum / count;
  };
  loss.text = mean(loss.text, counts.text);
  loss.image = mean(loss.image, counts.image);
  loss.image_by_level = by_level.Means();
  return loss;
}

absl::StatusOr<std::optional<BinDecoder>> FitDecoder(const Run& run,
                                                     std::shared_ptr<const Dataset> training,
                                                     EvaluateOptions options) {
  options.count = std::min(options.count, kFittedBatches * options.batch);
  std::vector<Tensor> z, x;
  at::Generator last;
  RETURN_IF_ERROR(ForScoredBatches(
      run, std::move(training), options, [&](const Batch& batch, at::Generator rng) {
        const ConditionedPatches some =
            run.model->objective().Conditioned(batch, MeasuringOf(run), rng);
        z.push_back(some.z_NZ);
        x.push_back(some.x_ND);
        last = rng;
      }));
  if (x.empty()) {
    return std::nullopt;
  }
  return run.model->image_head().FitDecoder(at::cat(z), at::cat(x), last);
}

absl::StatusOr<HeldOutLikelihood> EvaluateLikelihood(const Run& run, const Splits& splits,
                                                     const EvaluateOptions& options) {
  Measuring measuring = MeasuringOf(run);
  if (run.model->objective().measures()) {
    ASSIGN_OR_RETURN(measuring.decoder, FitDecoder(run, splits.training, options));
  }
  return MeasureHeldOut(run, splits.test, options, measuring);
}

absl::StatusOr<HeldOutLikelihood> EvaluateAlongFlow(const Run& run,
                                                    std::shared_ptr<const Dataset> test,
                                                    const EvaluateOptions& options) {
  Measuring measuring = MeasuringOf(run);
  measuring.exact_ode = true;
  return MeasureHeldOut(run, std::move(test), options, measuring);
}

}  // namespace tessera
