#include "analysis/measure/evaluate.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "config/status.h"
#include "ops/random.h"
#include "sequence/loader.h"
#include "train/binned_mean.h"

namespace tessera {
namespace {

constexpr int64_t kMeasuredPatches = 32;  // of a batch

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

absl::StatusOr<HeldOutLikelihood> EvaluateLikelihood(const Run& run,
                                                     std::shared_ptr<const Dataset> dataset,
                                                     const EvaluateOptions& options) {
  HeldOutLikelihood likelihood;
  if (!run.model->objective().measures()) {
    likelihood.bits = likelihood.error = NAN;
    return likelihood;
  }
  const Batches batches = EvaluationBatches(run, std::move(dataset), options);
  Tensor bits_N = at::empty({0}, torch::kDouble);
  for (int64_t i = 0; i < batches.count; ++i) {
    ASSIGN_OR_RETURN(const Batch batch, MakeBatch(batches.source, i));
    if (batch.scored_P.any().item<bool>()) {
      const auto rng = MakeGenerator(run.model->device(), options.seed, Stream::kEvaluate, i);
      const Likelihood part = run.model->objective().Measure(
          batch.To(run.model->device()), {kMeasuredPatches, run.config.generate.rounds}, rng);
      likelihood.kind = part.kind;
      bits_N = at::cat({bits_N, part.bits_N.to(torch::kCPU)});
    }
  }
  const int64_t patches = bits_N.size(0);
  likelihood.bits = bits_N.mean().item<double>();
  likelihood.error = patches > 1  // LibTorch writes a warning about the deviation of fewer
                         ? bits_N.std().item<double>() / std::sqrt(static_cast<double>(patches))
                         : NAN;
  return likelihood;
}

}  // namespace tessera
