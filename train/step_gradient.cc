#include "train/step_gradient.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "files/json.h"
#include "ops/autocast.h"
#include "ops/random.h"

namespace tessera {
namespace {

// What the ranks tell each other of a batch.
struct BatchRecord {
  Interval sums;
  double text_square = 0, image_square = 0;  // of the gradients at the hidden states
};

Json ToJson(const BatchRecord& record) {
  return {JsonObject{{"sums", record.sums.ToJson()},
                     {"text_square", {record.text_square}},
                     {"image_square", {record.image_square}}}};
}

BatchRecord FromJson(const Json& json) {
  return {Interval::FromJson(*json.Find("sums")), json.Find("text_square")->AsNumber(),
          json.Find("image_square")->AsNumber()};
}

// The records of all ranks, in the order of batches.
std::vector<BatchRecord> Gather(const std::vector<BatchRecord>& mine, const Ranks& ranks) {
  if (ranks.alone()) {
    return mine;
  }
  JsonArray list;
  std::ranges::transform(mine, std::back_inserter(list), ToJson);
  std::vector<BatchRecord> all;
  for (const std::string& text : ranks.Gather(DumpJson({std::move(list)}))) {
    const Json json = *ParseJson(text);  // written above
    std::ranges::transform(*json.AsArray(), std::back_inserter(all), FromJson);
  }
  return all;
}

// What the losses of a step are divided by: counts of the batches of all ranks, added in the order
// of batches.
LossCounts CountsOf(const Learner& learner, const std::vector<Batch>& batches, const Ranks& ranks) {
  const Tensor count_N2 = at::empty({std::ssize(batches), 2}, torch::kDouble);
  auto count = count_N2.accessor<double, 2>();
  for (int64_t i = 0; i < count_N2.size(0); ++i) {
    const LossCounts counts = learner.Counts(batches[i]);
    count[i][0] = counts.text;
    count[i][1] = counts.image;
  }
  const Tensor all_N2 = ranks.GatherAlike(count_N2).flatten(0, 1);  // each rank has as many
  LossCounts all;
  for (int64_t i = 0; i < all_N2.size(0); ++i) {
    all.text += all_N2[i][0].item<double>();
    all.image += all_N2[i][1].item<double>();
  }
  return {std::max(all.text, 1.0), std::max(all.image, 1.0)};
}

ModelLoss LossOfBatch(Learner& learner, const StepInput& input, size_t index,
                      const TrainConfig& config, LossCounts counts) {
  const LossScale scale{config.text_weight / counts.text, config.image_weight / counts.image};
  const Batch batch = input.batches[index].To(learner.device());
  const auto rng = MakeGenerator(learner.device(), input.seed, Stream::kLoss, input.step,
                                 input.first + static_cast<int64_t>(index));
  const Autocast autocast(learner.device(), config.precision);
  return learner.Loss(batch, scale, rng);
}

double SquaredGradient(const Tensor& h_NW) {
  return h_NW.defined() && h_NW.grad().defined()
             ? h_NW.grad().to(torch::kFloat32).square().sum().item<double>()
             : 0;
}

// Keeps the gradients at the hidden states, which backward would forget.
void KeepGradients(const ModelLoss& loss) {
  for (const Tensor* h_NW : {&loss.text_h_NW, &loss.image_h_NW}) {
    if (h_NW->defined() && h_NW->requires_grad()) {
      h_NW->retain_grad();
    }
  }
}

BatchRecord RecordOf(const ModelLoss& loss, LossCounts counts, const Batch& batch) {
  BatchRecord record;
  record.sums.Add(loss, counts, batch.id_BT.numel());
  record.text_square = SquaredGradient(loss.text_h_NW);
  record.image_square = SquaredGradient(loss.image_h_NW);
  return record;
}

}  // namespace

StepLoss AddGradient(Learner& learner, const StepInput& input, const TrainConfig& config,
                     const StepPlace& place, Interval* interval) {
  const LossCounts counts = CountsOf(learner, input.batches, place.ranks);
  const size_t num = input.batches.size();
  std::vector<BatchRecord> mine;
  for (size_t i = 0; i < num; ++i) {
    const ModelLoss loss = LossOfBatch(learner, input, i, config, counts);
    KeepGradients(loss);
    place.sum.Add(loss.total, static_cast<int64_t>(i), static_cast<int64_t>(num));
    mine.push_back(RecordOf(loss, learner.Counts(input.batches[i]), input.batches[i]));
  }
  StepLoss loss;
  for (const BatchRecord& record : Gather(mine, place.ranks)) {
    interval->Add(record.sums);
    loss.text += record.sums.text_sum() / counts.text;
    loss.image += record.sums.image_sum() / counts.image;
    loss.text_gradient += record.text_square;
    loss.image_gradient += record.image_square;
  }
  loss.text_gradient = std::sqrt(loss.text_gradient);
  loss.image_gradient = std::sqrt(loss.image_gradient);
  learner.EndStep(MakeGenerator(learner.device(), input.seed, Stream::kLoss, input.step),
                  [&](const Tensor& rows) { return place.ranks.Gather(rows); });
  return loss;
}

StepLoss LossOf(Learner& learner, const StepInput& input, const TrainConfig& config) {
  const torch::NoGradGuard no_grad;
  const LossCounts counts = CountsOf(learner, input.batches, Ranks());
  StepLoss mean;
  for (size_t i = 0; i < input.batches.size(); ++i) {
    const ModelLoss loss = LossOfBatch(learner, input, i, config, counts);
    mean.text += loss.text_sum.item<double>() / counts.text;
    mean.image += loss.image_sum.item<double>() / counts.image;
  }
  return mean;
}

}  // namespace tessera
