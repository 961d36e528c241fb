#include "study/evaluate.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <chrono>

#include "config/status.h"
#include "data/loader.h"
#include "data/scene_check.h"
#include "infer/generator.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int kLevels = 10;

// The first segments of documents [first, last) of the kind asked for: captions or pictures.
template <class Kind>
absl::StatusOr<std::vector<Document>> Prompts(const Dataset& dataset, int64_t first, int64_t last) {
  std::vector<Document> prompts;
  for (int64_t i = first; i < last; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i % dataset.size()));
    for (const Segment& segment : document.segments) {
      if (std::holds_alternative<Kind>(segment)) {
        prompts.push_back({{segment}});
        break;
      }
    }
  }
  return prompts;
}

// Continues `count` prompts in batches and hands each prompt and its continuation to `judge`.
template <class Kind>
absl::Status ContinueAll(const Run& run, const Dataset& dataset, const EvaluateOptions& options,
                         Until until,
                         const std::function<absl::Status(int64_t, const Document&)>& judge) {
  GenerateConfig config = run.config.generate;
  if (until == Until::kText) {
    config.text_temperature = 0;
  }
  for (int64_t first = 0; first < options.count; first += options.batch) {
    const int64_t last = std::min(options.count, first + options.batch);
    GenerateRequest request;
    ASSIGN_OR_RETURN(request.prompts, Prompts<Kind>(dataset, first, last));
    request.until = until;
    request.seed = options.seed;
    request.first_index = first;
    const auto documents = Generate(*run.model, run.tokenizer, run.layout, config, request);
    for (size_t i = 0; i < documents.size(); ++i) {
      RETURN_IF_ERROR(judge(first + static_cast<int64_t>(i), documents[i]));
    }
    if (options.on_progress) {
      options.on_progress(until == Until::kText ? "captions" : "pictures",
                          static_cast<double>(last) / static_cast<double>(options.count));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SceneScore> EvaluateScenes(const Run& run, const Dataset& dataset,
                                          const EvaluateOptions& options) {
  SceneScore score;
  double objects = 0;
  const SceneChecker checker(run.layout.grids[0].rows * run.layout.patch);
  const auto judge = [&](int64_t, const Document& document) -> absl::Status {
    ASSIGN_OR_RETURN(const auto told, ParseCaption(*AsText(document.segments.at(0))));
    ASSIGN_OR_RETURN(const SceneReading reading,
                     checker.CheckScene(*AsImage(document.segments.at(1)), told));
    for (const ObjectReading& object : reading.objects) {
      score.shape += object.shape;
      score.colour += object.colour;
      score.size += object.size;
      ++objects;
    }
    score.scene += reading.right();
    score.distance += reading.distance;
    ++score.count;
    return absl::OkStatus();
  };
  const auto start = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(ContinueAll<std::string>(run, dataset, options, Until::kImage, judge));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  for (double* share : {&score.shape, &score.colour, &score.size}) {
    *share /= objects;
  }
  score.scene /= static_cast<double>(score.count);
  score.distance /= static_cast<double>(score.count);
  score.seconds_per_picture = seconds.count() / static_cast<double>(score.count);
  return score;
}

absl::StatusOr<double> EvaluateCaptions(const Run& run, const Dataset& dataset,
                                        const EvaluateOptions& options) {
  int64_t right = 0;
  const auto judge = [&](int64_t index, const Document& document) -> absl::Status {
    ASSIGN_OR_RETURN(const Document truth, dataset.Get(index % dataset.size()));
    ASSIGN_OR_RETURN(const auto told, ParseCaption(*AsText(truth.segments.at(0))));
    const std::string* text = document.segments.size() > 1 ? AsText(document.segments[1]) : nullptr;
    const auto written = ParseCaption(text == nullptr ? "" : *text);
    right += written.ok() && SameScene(*written, told);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ContinueAll<Image>(run, dataset, options, Until::kText, judge));
  return static_cast<double>(right) / static_cast<double>(options.count);
}

absl::StatusOr<HeldOutLoss> EvaluateLoss(const Run& run, std::shared_ptr<const Dataset> dataset,
                                         const EvaluateOptions& options) {
  torch::NoGradGuard no_grad;
  DataConfig data = run.config.data;
  data.drop_text = data.drop_images = 0;
  data.prompt_weight = 1;
  data.threads = 0;
  LayoutSpec layout = run.layout;
  layout.prompt_weight = 1;
  const BatchSource source{std::move(dataset), run.tokenizer, layout,      data,
                           options.batch,      false,         options.seed};
  const int64_t batches =
      (std::min(options.count, source.dataset->size()) + options.batch - 1) / options.batch;
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
  loss.text /= std::max(counts.text, 1.0);
  loss.image /= std::max(counts.image, 1.0);
  const Tensor mean = (error / draws).contiguous();
  loss.image_by_level.assign(mean.data_ptr<double>(), mean.data_ptr<double>() + kLevels);
  return loss;
}

}  // namespace tessera
