#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "heads/amed.h"
#include "heads/image_head.h"
#include "heads/prediction.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kConditionDim = 4;
constexpr int64_t kPatchDim = 3;

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

std::vector<at::Generator> Rngs(int64_t count) {
  std::vector<at::Generator> rngs;
  for (int64_t i = 0; i < count; ++i) {
    rngs.push_back(Rng(static_cast<uint64_t>(i)));
  }
  return rngs;
}

Tensor Randn(at::IntArrayRef shape, uint64_t item) {
  return torch::randn(shape, Rng(1000 + item), torch::kDouble);
}

HeadConfig Tiny() { return {.width = 8, .depth = 1}; }

// A head in double whose every weight matters: the initial zeros are replaced.
std::shared_ptr<ImageHead> RandomHead(const HeadConfig& config) {
  const torch::NoGradGuard no_grad;
  auto head = MakeImageHead(config, kConditionDim, kPatchDim);
  at::Generator rng = Rng(99);
  for (auto& parameter : head->parameters()) {
    parameter.normal_(0, .3, rng);
  }
  head->to(torch::kDouble);
  return head;
}

std::vector<Branch> One(const Tensor& z_NZ) { return {{z_NZ, torch::ones({z_NZ.size(0), 1})}}; }

std::shared_ptr<AmedPredictor> UntrainedAmed() {
  auto predictor = std::make_shared<AmedPredictor>(AmedConfig{}, kPatchDim);
  predictor->to(torch::kDouble);
  return predictor;
}

// Every valid choice of what is predicted, what the loss counts and the schedule.
std::vector<HeadConfig> Parametrisations() {
  std::vector<HeadConfig> all;
  for (const auto prediction : {Prediction::kX, Prediction::kEpsilon, Prediction::kV}) {
    for (const auto loss : {LossTarget::kX, LossTarget::kEpsilon, LossTarget::kV}) {
      for (const auto schedule : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
        HeadConfig config = Tiny();
        config.prediction = prediction;
        config.loss = loss;
        config.schedule = schedule;
        all.push_back(config);
      }
    }
  }
  return all;
}

// Moves tensors by `step` along directions, and asks for the loss there.
double LossAlong(ImageHead& head, const std::vector<Tensor>& moved,
                 const std::vector<Tensor>& directions, double step) {
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < moved.size(); ++i) {
    Tensor(moved[i]).add_(directions[i], step);
  }
  const double loss =
      head.Loss(moved.front(), Randn({5, kPatchDim}, 1), Rng(7)).mean.item<double>();
  for (size_t i = 0; i < moved.size(); ++i) {
    Tensor(moved[i]).sub_(directions[i], step);
  }
  return loss;
}

// Condition and parameters, the condition first.
std::vector<Tensor> Inputs(const ImageHead& head) {
  std::vector<Tensor> inputs = head.parameters();
  inputs.insert(inputs.begin(), Randn({5, kConditionDim}, 0).requires_grad_());
  return inputs;
}

void ExpectGradientAlong(ImageHead& head, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& directions) {
  head.Loss(inputs.front(), Randn({5, kPatchDim}, 1), Rng(7)).mean.backward();
  double slope = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    slope += (inputs[i].grad() * directions[i]).sum().item<double>();
  }
  const double step = 1e-5;
  const double difference =
      (LossAlong(head, inputs, directions, step) - LossAlong(head, inputs, directions, -step)) /
      (2 * step);
  EXPECT_NEAR(slope / difference, 1, 1e-6) << slope << " " << difference;
}

TEST(DiffusionHead, LossGradientIsThatOfFiniteDifferences) {
  for (const HeadConfig& config : Parametrisations()) {
    const auto head = RandomHead(config);
    const std::vector<Tensor> inputs = Inputs(*head);
    std::vector<Tensor> directions;
    for (const Tensor& input : inputs) {
      directions.push_back(Randn(input.sizes(), 2 + directions.size()));
    }
    ExpectGradientAlong(*head, inputs, directions);
  }
}

// The bound's gradient stops at the mean, so only the variance's outputs are moved.
TEST(DiffusionHead, LearnedVarianceGradientIsThatOfFiniteDifferences) {
  HeadConfig config = Tiny();
  config.schedule = NoiseScheduleKind::kCosine;
  config.learn_variance = true;
  config.time_shift = .02;  // to the last steps, where the variance matters
  const auto head = RandomHead(config);
  const std::vector<Tensor> inputs = Inputs(*head);
  std::vector<Tensor> directions;
  for (const Tensor& input : inputs) {
    directions.push_back(torch::zeros_like(input));
    if (input.size(0) == 2 * kPatchDim) {
      directions.back().slice(0, kPatchDim).fill_(1);
    }
  }
  ExpectGradientAlong(*head, inputs, directions);
}

TEST(DiffusionHead, GradientReachesTheCondition) {
  const auto head = RandomHead(Tiny());
  const Tensor z_NZ = Randn({5, kConditionDim}, 0).requires_grad_();
  head->Loss(z_NZ, Randn({5, kPatchDim}, 1), Rng(0)).mean.backward();
  EXPECT_GT(z_NZ.grad().abs().min().item<double>(), 0);
}

// The mean and its standard error over many draws of the noise.
std::pair<Tensor, Tensor> MeanOverDraws(int64_t repeats, uint64_t first_item, bool of_gradient) {
  HeadConfig config = Tiny();
  config.repeats = repeats;
  const auto head = RandomHead(config);
  constexpr int64_t draws = 400;
  std::vector<Tensor> values;
  for (uint64_t draw = 0; draw < draws; ++draw) {
    const Tensor z_NZ = Randn({8, kConditionDim}, 0).requires_grad_();
    const Tensor loss = head->Loss(z_NZ, Randn({8, kPatchDim}, 1), Rng(first_item + draw)).mean;
    values.push_back(of_gradient ? torch::autograd::grad({loss}, {z_NZ})[0] : loss.detach());
  }
  const Tensor stacked = torch::stack(values);
  return {stacked.mean(0), stacked.std(0) / std::sqrt(double(draws))};
}

TEST(DiffusionHead, ExpectedLossAndGradientDoNotDependOnTheRepeats) {
  for (const bool of_gradient : {false, true}) {
    const auto [one, one_error] = MeanOverDraws(1, 0, of_gradient);
    const auto [four, four_error] = MeanOverDraws(4, 5000, of_gradient);
    const Tensor sigmas = (one - four) / (one_error.square() + four_error.square()).sqrt();
    // Root mean square over independent numbers; one number must lie within 3.
    EXPECT_LT(sigmas.square().mean().sqrt().item<double>(), of_gradient ? 1.5 : 3);
    EXPECT_LT((four_error / one_error).mean().item<double>(), .7);  // 1/2 expected
  }
}

TEST(DiffusionHead, SamplesZeroBeforeTraining) {
  const auto head = MakeImageHead(Tiny(), kConditionDim, kPatchDim);
  auto rngs = Rngs(2);
  const Tensor x_ND = head->Sample({One(torch::randn({2, kConditionDim}))}, {}, rngs);
  EXPECT_TRUE(at::allclose(x_ND, torch::zeros({2, kPatchDim}), 0, 1e-6));
}

TEST(DiffusionHead, ARowDoesNotDependOnTheRestOfTheBatch) {
  const auto head = RandomHead(Tiny());
  const Tensor z_NZ = Randn({6, kConditionDim}, 0);
  head->SetAmed(UntrainedAmed());
  for (size_t kind = 0; kind < EnumNames(SamplerKind{}).size(); ++kind) {
    const SamplerConfig config{.kind = static_cast<SamplerKind>(kind), .steps = 4};
    auto rngs = Rngs(6);
    const Tensor together_ND = head->Sample({One(z_NZ)}, config, rngs);
    for (int64_t i = 0; i < 6; ++i) {
      std::vector<at::Generator> rng = {Rng(static_cast<uint64_t>(i))};
      const Tensor alone_ND = head->Sample({One(z_NZ.slice(0, i, i + 1))}, config, rng);
      EXPECT_TRUE(at::allclose(together_ND[i], alone_ND[0], 1e-9, 1e-9)) << EnumName(config.kind);
    }
  }
}

TEST(DiffusionHead, SamplesWithEverySamplerThatItsScheduleAllows) {
  for (HeadConfig head_config : Parametrisations()) {
    head_config.learn_variance = head_config.schedule == NoiseScheduleKind::kCosine;
    const auto head = RandomHead(head_config);
    head->SetAmed(UntrainedAmed());
    for (size_t kind = 0; kind < EnumNames(SamplerKind{}).size(); ++kind) {
      SamplerConfig config{.kind = static_cast<SamplerKind>(kind), .steps = 3};
      if (head_config.learn_variance) {
        config.variance = StepVariance::kLearned;
      }
      auto rngs = Rngs(2);
      const std::vector<Branch> branches = One(Randn({2, kConditionDim}, 0));
      if (SamplerProblem(head_config, config).empty()) {
        const Tensor x_ND = head->Sample({branches}, config, rngs);
        EXPECT_TRUE(at::isfinite(x_ND).all().item<bool>()) << EnumName(config.kind);
      } else {
        EXPECT_THROW(head->Sample({branches}, config, rngs), c10::Error) << EnumName(config.kind);
      }
    }
  }
}

class Guidance : public testing::Test {
 protected:
  Tensor Sample(const std::vector<Branch>& branches, double from = 0, double to = 1) {
    auto rngs = Rngs(3);
    return head_->Sample({branches, from, to}, {}, rngs);
  }

  // u + w (c - u)
  std::vector<Branch> Guided(double w) const {
    return {{with_NZ_, torch::full({3, 1}, w)}, {without_NZ_, torch::full({3, 1}, 1 - w)}};
  }

  std::shared_ptr<ImageHead> head_ = RandomHead(Tiny());
  Tensor with_NZ_ = Randn({3, kConditionDim}, 0);
  Tensor without_NZ_ = Randn({3, kConditionDim}, 1);
};

TEST_F(Guidance, AtOneIsTheConditionAndAtZeroItsAbsence) {
  EXPECT_TRUE(torch::equal(Sample(Guided(1)), Sample(One(with_NZ_))));
  EXPECT_TRUE(torch::equal(Sample(Guided(0)), Sample(One(without_NZ_))));
  EXPECT_FALSE(at::allclose(Sample(Guided(3)), Sample(One(with_NZ_))));
}

TEST_F(Guidance, IsTheSumOfWeightedBranchesHoweverTheyAreSplit) {
  std::vector<Branch> split = Guided(3);
  split[1].weight_N1 = split[1].weight_N1 / 2;
  split.push_back(split[1]);
  EXPECT_TRUE(at::allclose(Sample(split), Sample(Guided(3)), 1e-10, 1e-10));
}

TEST_F(Guidance, HasItsOwnScaleInEveryRow) {
  std::vector<Branch> mixed = Guided(3);
  mixed[0].weight_N1 = torch::tensor({{3.f}, {1.f}, {0.f}});
  mixed[1].weight_N1 = 1 - mixed[0].weight_N1;
  const Tensor x_ND = Sample(mixed);
  EXPECT_TRUE(at::allclose(x_ND[0], Sample(Guided(3))[0], 1e-10, 1e-10));
  EXPECT_TRUE(at::allclose(x_ND[1], Sample(Guided(1))[1], 1e-10, 1e-10));
  EXPECT_TRUE(at::allclose(x_ND[2], Sample(Guided(0))[2], 1e-10, 1e-10));
}

TEST_F(Guidance, HoldsInItsIntervalOnly) {
  EXPECT_TRUE(torch::equal(Sample(Guided(3), 2, 3), Sample(One(with_NZ_))));
  EXPECT_FALSE(at::allclose(Sample(Guided(3), .5), Sample(One(with_NZ_))));
  EXPECT_FALSE(at::allclose(Sample(Guided(3), .5), Sample(Guided(3))));
}

// Weights add up to 1, so that summing x, epsilon or v is the same.
TEST_F(Guidance, OnXEpsilonAndVIsTheSame) {
  const NoiseSchedule schedule(NoiseScheduleKind::kFlow, 1);
  const NoiseLevels levels = schedule.AtTimes(torch::full({1}, .4, torch::kDouble));
  const Tensor noisy = Randn({5}, 2), with = Randn({5}, 3), without = Randn({5}, 4);
  const double w = 3;
  for (const auto prediction : {Prediction::kX, Prediction::kEpsilon, Prediction::kV}) {
    const auto output = [&](const Tensor& clean) {
      const Tensor noise = (noisy - levels.alpha * clean) / levels.sigma;
      return PredictionTarget(prediction, schedule, clean, noise, levels);
    };
    const Tensor guided = w * output(with) + (1 - w) * output(without);
    const CleanForm form = CleanFrom(prediction, schedule, levels);
    EXPECT_TRUE(at::allclose(form.from_noisy * noisy + form.from_output * guided,
                             w * with + (1 - w) * without, 1e-9, 1e-9));
  }
}

TEST(DiffusionHead, WithoutTemperatureAnOdeSamplerHasOneAnswer) {
  const auto head = RandomHead(Tiny());
  const Tensor z_NZ = Randn({1, kConditionDim}, 0).expand({3, kConditionDim});
  auto rngs = Rngs(3);
  const Tensor x_ND = head->Sample({One(z_NZ)}, {.temperature = 0}, rngs);
  EXPECT_TRUE(at::allclose(x_ND, x_ND.slice(0, 0, 1).expand_as(x_ND), 0, 1e-10));
}

TEST(DiffusionHead, CountsItsLossInFloatUnderAutocast) {
  const auto head = MakeImageHead({.width = 32, .depth = 1}, kConditionDim, kPatchDim);
  const Tensor z_NZ = torch::randn({16, kConditionDim}), x_ND = torch::randn({16, kPatchDim});
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const HeadLoss loss = head->Loss(z_NZ, x_ND, Rng(0));
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(loss.mean.scalar_type(), torch::kFloat);
  // The untrained network puts out 0 in any precision.
  EXPECT_EQ(loss.mean.item<float>(), head->Loss(z_NZ, x_ND, Rng(0)).mean.item<float>());
}

}  // namespace
}  // namespace tessera
