// Adapters and frozen parameters in whole steps of a model.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ops/random.h"
#include "run/adapter.h"
#include "run/run.h"
#include "tests/model/toy_batch.h"
#include "tests/train/alone.h"

namespace tessera {
namespace {

StepInput TwoBatches() {
  return {{ToyBatch(1, 2), ToyBatch(2, 3, /*noise=*/.1, /*seed=*/5)}, 7, 3};
}

TrainConfig OfPrecision(Precision precision) {
  TrainConfig config;
  config.precision = precision;
  config.text_weight = 1;
  return config;
}

// A model with adapters on every linear map, none of whose sides is 0 any more.
struct AdaptedModel {
  AdaptedModel() : model(ToyModel()) {
    AdapterConfig config;
    config.targets = {"*"};
    config.rank = 2;
    adapters = *Adapters::Attach(Parameters(*model), RolesOf(*model), config, 1);
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : adapters.Parameters()) {
      const auto rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, direction.size());
      tensor.add_(torch::randn(tensor.sizes(), rng), .05);
      direction.push_back(torch::randn(tensor.sizes(), rng));
    }
  }

  // The slope of the loss along `direction`, from the gradients.
  double Slope(Precision precision) {
    {
      const LowRankScope adapted(adapters.Changes());
      AddGradientAlone(*model, TwoBatches(), OfPrecision(precision));
    }
    double slope = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      Tensor parameter = adapters.Parameters()[i].second;
      EXPECT_TRUE(parameter.grad().defined()) << adapters.Parameters()[i].first;
      slope += (parameter.grad() * direction[i]).sum().item<double>();
      parameter.mutable_grad() = Tensor();
    }
    return slope;
  }

  double LossAt(double distance) {
    const torch::NoGradGuard no_grad;
    const auto move = [&](double by) {
      for (size_t i = 0; i < direction.size(); ++i) {
        Tensor(adapters.Parameters()[i].second).add_(direction[i], by);
      }
    };
    move(distance);
    const LowRankScope adapted(adapters.Changes());
    const StepLoss loss = LossOf(*model, TwoBatches(), OfPrecision(Precision::kF32));
    move(-distance);
    return loss.text + loss.image;
  }

  std::shared_ptr<Model> model;
  Adapters adapters;
  std::vector<Tensor> direction;
};

TEST(AdaptedModel, HasTheSlopeThatFiniteDifferencesMeasure) {
  AdaptedModel adapted;
  const double distance = 1e-3;
  const double measured = (adapted.LossAt(distance) - adapted.LossAt(-distance)) / (2 * distance);
  EXPECT_NEAR(adapted.Slope(Precision::kF32) / measured, 1, .01);
}

TEST(AdaptedModel, HasTheSameSlopeInBf16UpToItsRounding) {
  AdaptedModel adapted;
  EXPECT_NEAR(adapted.Slope(Precision::kBf16) / adapted.Slope(Precision::kF32), 1, .05);
}

TEST(AdaptedModel, GivesNoGradientToAnythingElse) {
  AdaptedModel adapted;
  adapted.Slope(Precision::kF32);
  for (const auto& [name, parameter] : Parameters(*adapted.model)) {
    EXPECT_FALSE(parameter.grad().defined()) << name;
  }
}

TEST(AddGradient, SkipsALossThatNothingTrainedReaches) {
  const auto model = ToyModel();
  for (const auto& [name, parameter] : Parameters(*model)) {
    Tensor(parameter).requires_grad_(name.starts_with("head."));
  }
  StepInput input = TwoBatches();
  input.batches.resize(1);
  const TrainConfig config = OfPrecision(Precision::kF32);
  const StepLoss loss = AddGradientAlone(*model, input, config);
  EXPECT_EQ(loss.text_gradient, 0) << "the text loss reads no trained parameter";
  EXPECT_GT(loss.text, 0);
  for (const auto& [name, parameter] : Parameters(*model)) {
    EXPECT_EQ(parameter.grad().defined(), name.starts_with("head.")) << name;
  }
  input.batches[0].scored_P.fill_(false);
  AddGradientAlone(*model, input, config);  // a loss without any gradient
}

}  // namespace
}  // namespace tessera
