#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "heads/sampler/amed.h"
#include "tests/heads/random_head.h"

namespace tessera {
namespace {

HeadConfig Tiny() { return {.width = 8, .depth = 1}; }

std::shared_ptr<AmedPredictor> UntrainedAmed() {
  auto predictor = std::make_shared<AmedPredictor>(AmedConfig{}, kPatchDim);
  predictor->to(torch::kDouble);
  return predictor;
}

// Every valid choice of what is predicted, what the loss counts and the schedule.
std::vector<HeadConfig> Parametrisations() {
  std::vector<HeadConfig> all;
  for (const auto prediction : {Prediction::kX, Prediction::kEpsilon, Prediction::kV}) {
    for (const auto loss : {Prediction::kX, Prediction::kEpsilon, Prediction::kV}) {
      for (const auto schedule : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
        HeadConfig config = Tiny();
        config.diffusion.prediction = prediction;
        config.diffusion.loss = loss;
        config.diffusion.schedule = schedule;
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
  const double step = 1e-6;
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
  config.diffusion.schedule = NoiseScheduleKind::kCosine;
  config.diffusion.learn_variance = true;
  config.diffusion.time_shift = .02;  // to the last steps, where the variance matters
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

constexpr int64_t kRows = 64, kSeeds = 400;

// The loss at each seed, [S], or its gradient with respect to the conditions, [S, N, Z].
Tensor OverSeeds(int64_t repeats, bool of_gradient) {
  HeadConfig config = Tiny();
  config.diffusion.repeats = repeats;
  const auto head = RandomHead(config);
  std::vector<Tensor> values;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Tensor z_NZ = Randn({kRows, kConditionDim}, 0).requires_grad_();
    const Tensor loss = head->Loss(z_NZ, Randn({kRows, kPatchDim}, 1), Rng(seed)).mean;
    values.push_back(of_gradient ? torch::autograd::grad({loss}, {z_NZ})[0] : loss.detach());
  }
  return torch::stack(values);
}

// tests/heads/diffusion/denoising_loss_test.cc has the same exactly, where the draws themselves are
// shared.
TEST(DiffusionHead, ExpectedLossAndGradientDoNotDependOnTheRepeats) {
  for (const bool of_gradient : {false, true}) {
    const Tensor one_S = OverSeeds(1, of_gradient), four_S = OverSeeds(4, of_gradient);
    const Tensor more_S = four_S - one_S;
    const Tensor sigmas = more_S.mean(0) / (more_S.std(0) / std::sqrt(kSeeds));
    // Three standard deviations: of the loss itself, and of chi squared over rows, whose noise is
    // independent.
    EXPECT_LT(sigmas.square().mean().item<double>(),
              of_gradient ? 1 + 3 * std::sqrt(2. / kRows) : 9);
    EXPECT_NEAR((four_S.std(0) / one_S.std(0)).mean().item<double>(), .5, .1);
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
  for (size_t kind = 0; kind < EnumNames(SamplerKind{}).size(); ++kind) {
    const SamplerConfig config{.kind = static_cast<SamplerKind>(kind), .steps = 4};
    auto rngs = Rngs(6);
    const Tensor together_ND = head->Sample({One(z_NZ)}, {config, UntrainedAmed()}, rngs);
    for (int64_t i = 0; i < 6; ++i) {
      std::vector<at::Generator> rng = {Rng(static_cast<uint64_t>(i))};
      const Tensor alone_ND =
          head->Sample({One(z_NZ.slice(0, i, i + 1))}, {config, UntrainedAmed()}, rng);
      EXPECT_TRUE(at::allclose(together_ND[i], alone_ND[0], 1e-9, 1e-9)) << EnumName(config.kind);
    }
  }
}

TEST(DiffusionHead, SamplesWithEverySamplerThatItsScheduleAllows) {
  for (HeadConfig head_config : Parametrisations()) {
    head_config.diffusion.learn_variance =
        head_config.diffusion.schedule == NoiseScheduleKind::kCosine;
    const auto head = RandomHead(head_config);
    for (size_t kind = 0; kind < EnumNames(SamplerKind{}).size(); ++kind) {
      SamplerConfig config{.kind = static_cast<SamplerKind>(kind), .steps = 3};
      if (head_config.diffusion.learn_variance) {
        config.variance = StepVariance::kLearned;
      }
      auto rngs = Rngs(2);
      const std::vector<GuidanceCondition> guidance = One(Randn({2, kConditionDim}, 0));
      if (SamplerProblem(head_config, config).empty()) {
        const Tensor x_ND = head->Sample({guidance}, {config, UntrainedAmed()}, rngs);
        EXPECT_TRUE(at::isfinite(x_ND).all().item<bool>()) << EnumName(config.kind);
      } else {
        EXPECT_THROW(head->Sample({guidance}, {config, UntrainedAmed()}, rngs), c10::Error)
            << EnumName(config.kind);
      }
    }
  }
}

TEST(DiffusionHead, WithoutTemperatureAnOdeSamplerHasOneAnswer) {
  const auto head = RandomHead(Tiny());
  const Tensor z_NZ = Randn({1, kConditionDim}, 0).expand({3, kConditionDim});
  auto rngs = Rngs(3);
  const Tensor x_ND = head->Sample({One(z_NZ)}, SamplerConfig{.temperature = 0}, rngs);
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
