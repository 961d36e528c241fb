#include "study/evaluate.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "config/status.h"
#include "data/loader.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int kLevels = 10;

// Nothing hidden, all texts of equal weight.
BatchSource EvaluationSource(const Run& run, std::shared_ptr<const Dataset> dataset,
                             int64_t documents, uint64_t seed) {
  DataConfig data = run.config.data;
  data.drop_text = data.drop_images = 0;
  LayoutSpec layout = run.layout;
  layout.prompt_weight = 1;
  return {std::move(dataset), run.tokenizer, layout, data, documents, /*shuffle=*/true, seed};
}

}  // namespace

absl::StatusOr<HeldOutLoss> EvaluateLoss(const Run& run, std::shared_ptr<const Dataset> dataset,
                                         const EvaluateOptions& options) {
  torch::NoGradGuard no_grad;
  // Batches of equal size, so that fewer documents than batches come twice.
  const int64_t total = std::min(options.count, dataset->size());
  const int64_t batches = (total + options.batch - 1) / options.batch;
  const BatchSource source =
      EvaluationSource(run, std::move(dataset), (total + batches - 1) / batches, options.seed);
  HeldOutLoss loss;
  LossCounts counts;
  Tensor error = at::zeros({kLevels}, torch::kFloat64), draws = at::zeros_like(error);
  for (int64_t i = 0; i < batches; ++i) {
    ASSIGN_OR_RETURN(const Batch batch, MakeBatch(source, i));
    const auto rng = MakeGenerator(run.model->device(), options.seed, Stream::kEvaluate, i);
    const ModelLoss part = run.model->Loss(batch.To(run.model->device()), {1, 1}, rng);
    const LossCounts count = CountLosses(batch);
    counts.text += count.text;
    counts.image += count.image;
    loss.text += part.text_sum.item<double>();
    loss.image += part.image_sum.item<double>();
    if (part.image.level_M.defined()) {
      const Tensor level_M = part.image.level_M.to(torch::kCPU);
      const Tensor bin = (level_M * kLevels).to(torch::kLong).clamp(0, kLevels - 1);
      error += at::bincount(bin, part.image.by_level_M.to(torch::kCPU, torch::kFloat64), kLevels);
      draws += at::bincount(bin, {}, kLevels);
    }
  }
  loss.text /= counts.text;
  loss.image /= counts.image;
  const Tensor mean = (error / draws).contiguous();
  loss.image_by_level.assign(mean.data_ptr<double>(), mean.data_ptr<double>() + kLevels);
  return loss;
}

}  // namespace tessera
