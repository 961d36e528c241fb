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
  for (MixConfig& set : data.mix) {
    set.data.show.drop_text = set.data.show.drop_images = 0;
    set.data.show.prompt_weight = 1;
  }
  LayoutSpec layout = run.layout;
  layout.prompt_weight = 1;
  const int64_t total = std::min(options.count, dataset->size());
  const int64_t count = (total + options.batch - 1) / options.batch;
  const int64_t documents = count > 0 ? (total + count - 1) / count : 0;
  return {
      {std::move(dataset), run.tokenizer, layout, data, documents, /*shuffle=*/true, options.seed},
      count};
}

// Calls `use` with each batch of this rank and its generator. All ranks learn of an error.
absl::Status ForBatches(const Run& run, std::shared_ptr<const Dataset> dataset,
                        const EvaluateOptions& options,
                        const std::function<void(const Batch&, at::Generator)>& use) {
  const Batches batches = EvaluationBatches(run, std::move(dataset), options);
  const Ranks::Share share = options.ranks.ShareOf(batches.count);
  absl::Status made;
  for (int64_t i = share.first; i < share.last && made.ok(); ++i) {
    const absl::StatusOr<Batch> batch = MakeBatch(batches.source, i);
    made = batch.status();
    if (made.ok()) {
      use(*batch, MakeGenerator(run.learner->device(), options.seed, Stream::kEvaluate, i));
    }
  }
  return options.ranks.Agree(made);
}

// Calls `use` with each batch of this rank that has scored patches, on the run's device, and its
// generator. All ranks learn of an error.
absl::Status ForScoredBatches(const Run& run, std::shared_ptr<const Dataset> dataset,
                              const EvaluateOptions& options,
                              const std::function<void(const Batch&, at::Generator)>& use) {
  return ForBatches(run, std::move(dataset), options, [&](const Batch& batch, at::Generator rng) {
    if (batch.scored_P.any().item<bool>()) {
      use(batch.To(run.learner->device()), std::move(rng));
    }
  });
}

// What the ranks tell each other of a batch: losses, counts, and sums and counts by noise level and
// by set.
constexpr int64_t kLevels = 10, kSums = 4 + 2 * kLevels;

Tensor SumsOf(const ModelLoss& loss, LossCounts counts, int64_t sets) {
  std::vector<double> sums = {loss.text_sum.item<double>(), loss.image_sum.item<double>(),
                              counts.text, counts.image};
  BinnedMean by_level;
  if (loss.image.level_M.defined()) {
    by_level.AddByLevel(loss.image.level_M, loss.image.by_level_M);
  }
  for (const std::vector<double>* numbers : {&by_level.sum, &by_level.count}) {
    sums.insert(sums.end(), numbers->begin(), numbers->end());
    sums.resize(sums.size() + kLevels - numbers->size());
  }
  const auto of_sets = [&](const Tensor& sums_2S) {
    const Tensor part_2S = sums_2S.defined() ? sums_2S : at::zeros({2, 0}, torch::kDouble);
    return at::constant_pad_nd(part_2S, {0, sets - part_2S.size(1)}).flatten();
  };
  return at::cat({torch::tensor(sums, torch::kDouble), of_sets(loss.by_set.text_2S),
                  of_sets(loss.by_set.image_2S)});
}

// The means of each set, of sums over batches.
std::vector<double> MeansOfSets(const Tensor& sums_2S) {
  const Tensor mean_S = sums_2S.select(0, 0) / sums_2S.select(0, 1);
  return {mean_S.data_ptr<double>(), mean_S.data_ptr<double>() + mean_S.numel()};
}

void AddSums(const Tensor& sums_S, HeldOutLoss* loss, LossCounts* counts, BinnedMean* by_level) {
  const double* sums = sums_S.const_data_ptr<double>();
  loss->text += sums[0];
  loss->image += sums[1];
  counts->text += sums[2];
  counts->image += sums[3];
  const double* levels = sums + 4;
  const BinnedMean batch{{levels, levels + kLevels}, {levels + kLevels, levels + 2 * kLevels}};
  if (std::ranges::any_of(batch.count, [](double count) { return count > 0; })) {
    by_level->Add(batch);
  }
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
  bits_N = options.ranks.Gather(bits_N);
  const int64_t kind = static_cast<int64_t>(likelihood.kind);  // rank 0 has a batch if any has
  likelihood.kind = static_cast<LikelihoodKind>(
      options.ranks.From(0, at::scalar_tensor(kind, torch::kLong)).item<int64_t>());
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
  const int64_t sets = std::ssize(run.config.data.mix), sums = kSums + 4 * sets;
  std::vector<Tensor> mine;
  RETURN_IF_ERROR(
      ForBatches(run, std::move(dataset), options, [&](const Batch& batch, at::Generator rng) {
        const ModelLoss part =
            run.learner->Loss(batch.To(run.learner->device()), {1, 1}, std::move(rng));
        mine.push_back(SumsOf(part, run.learner->Counts(batch), sets));
      }));
  const Tensor sums_BS =
      options.ranks.Gather(mine.empty() ? at::empty({0, sums}, torch::kDouble) : at::stack(mine));
  HeldOutLoss loss;
  LossCounts counts;
  BinnedMean by_level;
  for (int64_t i = 0; i < sums_BS.size(0); ++i) {
    AddSums(sums_BS[i], &loss, &counts, &by_level);
  }
  const auto mean = [](double sum, double count) {
    return std::isnan(sum) ? std::numeric_limits<double>::infinity() : sum / count;
  };
  loss.text = mean(loss.text, counts.text);
  loss.image = mean(loss.image, counts.image);
  loss.image_by_level = by_level.Means();
  const Tensor of_sets = sums_BS.sum(0).slice(0, kSums).view({2, 2, sets});
  loss.text_by_set = MeansOfSets(of_sets[0]);
  loss.image_by_set = MeansOfSets(of_sets[1]);
  return loss;
}

absl::StatusOr<std::optional<BinDecoder>> FitDecoder(const Run& run,
                                                     std::shared_ptr<const Dataset> training,
                                                     EvaluateOptions options) {
  options.count = std::min(options.count, kFittedBatches * options.batch);
  options.ranks = Ranks();  // every rank fits the same decoder
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
