#include "train/step_gradient.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "ops/autocast.h"
#include "ops/random.h"

namespace tessera {
namespace {

struct Part {
  const Batch& batch;
  LossCounts counts;
  ModelLoss loss;
};

// Calls `use` with the loss of each batch, weighted for the whole step.
StepLoss ForEachBatch(Learner& learner, const StepInput& input, const TrainConfig& config,
                      const std::function<void(const Part&)>& use) {
  std::vector<LossCounts> counts;
  LossCounts all;
  for (const Batch& batch : input.batches) {
    counts.push_back(learner.Counts(batch));
    all.text += counts.back().text;
    all.image += counts.back().image;
  }
  all = {std::max(all.text, 1.0), std::max(all.image, 1.0)};
  const LossScale scale{config.text_weight / all.text, config.image_weight / all.image};
  StepLoss mean;
  for (size_t i = 0; i < input.batches.size(); ++i) {
    const Batch batch = input.batches[i].To(learner.device());
    const auto rng = MakeGenerator(learner.device(), input.seed, Stream::kLoss, input.step, i);
    ModelLoss loss;
    {
      const Autocast autocast(learner.device(), config.precision);
      loss = learner.Loss(batch, scale, rng);
    }
    mean.text += loss.text_sum.item<double>() / all.text;
    mean.image += loss.image_sum.item<double>() / all.image;
    use({batch, counts[i], std::move(loss)});
  }
  return mean;
}

double SquaredGradient(const Tensor& h_NW) {
  return h_NW.defined() && h_NW.grad().defined()
             ? h_NW.grad().to(torch::kFloat32).square().sum().item<double>()
             : 0;
}

}  // namespace

StepLoss AddGradient(Learner& learner, const StepInput& input, const TrainConfig& config,
                     Interval* interval) {
  double text_square = 0, image_square = 0;
  StepLoss loss = ForEachBatch(learner, input, config, [&](const Part& part) {
    for (const Tensor* h_NW : {&part.loss.text_h_NW, &part.loss.image_h_NW}) {
      if (h_NW->defined() && h_NW->requires_grad()) {
        h_NW->retain_grad();
      }
    }
    // What is frozen may leave a batch without text or without pictures nothing to learn.
    if (part.loss.total.requires_grad()) {
      part.loss.total.backward();
    }
    text_square += SquaredGradient(part.loss.text_h_NW);
    image_square += SquaredGradient(part.loss.image_h_NW);
    interval->Add(part.loss, part.counts, part.batch.id_BT.numel());
  });
  learner.EndStep(MakeGenerator(learner.device(), input.seed, Stream::kLoss, input.step));
  loss.text_gradient = std::sqrt(text_square);
  loss.image_gradient = std::sqrt(image_square);
  return loss;
}

StepLoss LossOf(Learner& learner, const StepInput& input, const TrainConfig& config) {
  const torch::NoGradGuard no_grad;
  return ForEachBatch(learner, input, config, [](const Part&) {});
}

}  // namespace tessera
