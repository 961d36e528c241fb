// Gaussian data N(0, s^2), for which the perfect network and its loss are known in closed form.
#include "heads/diffusion/denoising_loss.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "heads/diffusion/denoiser.h"
#include "heads/diffusion/prediction.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr std::array kPredictions = {Prediction::kX, Prediction::kEpsilon, Prediction::kV};
constexpr std::array kSchedules = {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine};

at::Generator Rng(uint64_t item = 0) {
  return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item);
}

Tensor TimeOfTau(const NoiseSchedule& schedule, const Tensor& tau) {
  return schedule.kind() == NoiseScheduleKind::kFlow ? tau / 1000 : 1 - (tau + .5) / 1000;
}

// E[what the network predicts | x_t].
NoisyNetwork PerfectNetwork(Prediction prediction, const NoiseSchedule& schedule, double sd) {
  return [=](const Tensor& noisy_KND, const Tensor& tau_KN) {
    const NoiseLevels levels = schedule.AtTimes(TimeOfTau(schedule, tau_KN).unsqueeze(-1));
    const Tensor signal = levels.alpha * sd * sd;
    const Tensor clean = signal / (levels.alpha * signal + levels.sigma.square()) * noisy_KND;
    const Tensor noise = (noisy_KND - levels.alpha * clean) / levels.sigma.clamp_min(1e-9);
    return PredictionTarget(prediction, schedule, clean, noise, levels);
  };
}

double MeanLoss(const DiffusionConfig& config, double sd) {
  const NoiseSchedule schedule(config.schedule, config.noise_scale);
  const Tensor x_ND = sd * torch::randn({100'000, 4}, Rng(1), torch::kDouble);
  return DenoisingLoss(config, schedule, PerfectNetwork(config.prediction, schedule, sd), x_ND,
                       Rng(2))
      .mean.item<double>();
}

TEST(Prediction, ConvertsToTheCleanPatchAndBack) {
  const Tensor x_ND = torch::randn({64, 3}, Rng(1), torch::kDouble);
  const Tensor noise_ND = torch::randn({64, 3}, Rng(2), torch::kDouble);
  const Tensor t_N1 = torch::linspace(.06, .94, 64, torch::kDouble).unsqueeze(1);
  for (const NoiseScheduleKind kind : kSchedules) {
    const NoiseSchedule schedule(kind, 1.5);
    const NoiseLevels levels = schedule.AtTimes(t_N1);
    const Tensor noisy_ND = levels.alpha * x_ND + levels.sigma * noise_ND;
    for (const Prediction prediction : kPredictions) {
      const Tensor output_ND = PredictionTarget(prediction, schedule, x_ND, noise_ND, levels);
      const CleanForm form = CleanFrom(prediction, schedule, levels);
      const Tensor clean_ND = form.from_noisy * noisy_ND + form.from_output * output_ND;
      EXPECT_TRUE(at::allclose(clean_ND, x_ND, 0, 1e-12)) << EnumName(prediction);
    }
  }
}

// The weight turns an error of any prediction into the error of any target, at every level whose
// divisors are not held at .05.
TEST(Prediction, LossWeightIsTheRatioOfSquaredErrors) {
  const Tensor x_ND = torch::randn({64, 3}, Rng(1), torch::kDouble);
  const Tensor noise_ND = torch::randn({64, 3}, Rng(2), torch::kDouble);
  const Tensor t_N1 = torch::linspace(.06, .94, 64, torch::kDouble).unsqueeze(1);
  for (const NoiseScheduleKind kind : kSchedules) {
    const NoiseSchedule schedule(kind, 1.5);
    const NoiseLevels levels = schedule.AtTimes(t_N1);
    const Tensor guess_ND = x_ND + .1;  // and the noise that goes with it at the same x_t
    const Tensor noise_guess_ND = noise_ND - .1 * levels.alpha / levels.sigma;
    const auto squared_error = [&](Prediction as) {
      return (PredictionTarget(as, schedule, x_ND, noise_ND, levels) -
              PredictionTarget(as, schedule, guess_ND, noise_guess_ND, levels))
          .square();
    };
    for (const Prediction prediction : kPredictions) {
      for (const Prediction loss : kPredictions) {
        const Tensor weighted =
            LossWeight(prediction, loss, schedule, levels) * squared_error(prediction);
        EXPECT_TRUE(at::allclose(weighted, squared_error(static_cast<Prediction>(loss)), 1e-9))
            << EnumName(prediction) << " " << EnumName(loss) << " " << EnumName(kind);
      }
    }
  }
}

TEST(Prediction, VelocityLossOfAnXPredictionIsHeldNearTheData) {
  const NoiseSchedule schedule(NoiseScheduleKind::kFlow, 1);
  const Tensor t = torch::tensor({0., .5, .95, .99, 1.}, torch::kDouble);
  const Tensor weight = LossWeight(Prediction::kX, Prediction::kV, schedule, schedule.AtTimes(t));
  EXPECT_TRUE(
      at::allclose(weight, torch::tensor({1., 4., 400., 400., 400.}, torch::kDouble), 1e-9));
}

struct Floor {
  double sd;
  std::array<double, 3> by_prediction;  // x, epsilon, v
};

TEST(DenoisingLoss, ReachesItsCosineFloorOnGaussianData) {
  for (const Floor& floor : {Floor{.25, {.05041, .19340, .24381}},
                             Floor{.5, {.16809, .32765, .49574}}, Floor{1, {.50442, .49558, 1}}}) {
    for (size_t i = 0; i < kPredictions.size(); ++i) {
      const DiffusionConfig config{.prediction = kPredictions[i],
                                   .loss = kPredictions[i],
                                   .schedule = NoiseScheduleKind::kCosine,
                                   .time_density = TimeDensity::kUniform};
      EXPECT_NEAR(MeanLoss(config, floor.sd), floor.by_prediction[i], .005)
          << floor.sd << " " << EnumName(kPredictions[i]);
    }
  }
}

TEST(DenoisingLoss, ReachesItsFlowFloorOnGaussianData) {
  for (const double sd : {.5, 1.}) {
    const DiffusionConfig config{.prediction = Prediction::kV,
                                 .time_density = TimeDensity::kUniform};
    EXPECT_NEAR(MeanLoss(config, sd), std::numbers::pi * sd / 2, .008);
  }
}

TEST(DenoisingLoss, OfANetworkThatPutsOutZeroIsTheTargetsMeanSquare) {
  const NoiseSchedule schedule(NoiseScheduleKind::kFlow, 1);
  const Tensor x_ND = torch::full({20'000, 4}, .5, torch::kDouble);
  const auto zero = [](const Tensor& noisy_KND, const Tensor&) {
    return torch::zeros_like(noisy_KND);
  };
  const auto mean = [&](Prediction prediction, Prediction loss) {
    return DenoisingLoss({.prediction = prediction, .loss = loss}, schedule, zero, x_ND, Rng())
        .mean.item<double>();
  };
  EXPECT_NEAR(mean(Prediction::kX, Prediction::kX), .25, 1e-12);
  const double tolerance = 5 * std::sqrt(2. / (2 * x_ND.numel()));
  EXPECT_NEAR(mean(Prediction::kEpsilon, Prediction::kEpsilon), 1, tolerance);
  EXPECT_NEAR(mean(Prediction::kV, Prediction::kV), 1.25, 2 * tolerance);
}

TEST(DenoisingLoss, ReportsTheErrorOfTheCleanPatchWhateverIsPredicted) {
  const NoiseSchedule schedule(NoiseScheduleKind::kFlow, 1);
  const Tensor x_ND = torch::randn({256, 4}, Rng(1), torch::kDouble);
  std::vector<HeadLoss> losses;
  for (const Prediction prediction : kPredictions) {
    const DiffusionConfig config{.prediction = prediction, .repeats = 3};
    losses.push_back(
        DenoisingLoss(config, schedule, PerfectNetwork(prediction, schedule, 1), x_ND, Rng()));
    EXPECT_EQ(losses.back().level_M.size(0), 3 * 256);
    EXPECT_NEAR(losses.back().by_patch_N.mean().item<double>(), losses.back().mean.item<double>(),
                1e-9);
    const Tensor kept_M = losses[0].level_M > .05;  // where alpha is not held
    EXPECT_TRUE(at::allclose(losses.back().by_level_M.index({kept_M}),
                             losses[0].by_level_M.index({kept_M}), 1e-6, 1e-9));
  }
}

// A loss and its gradient with respect to the condition.
using LossAndSlope = std::pair<Tensor, Tensor>;

LossAndSlope AtTimesOf(const DiffusionConfig& config, const TimedPatches& timed,
                       at::Generator rng) {
  torch::manual_seed(1);
  Denoiser denoiser(
      DenoiserShape{.width = 8, .depth = 1, .patch_dim = 4, .condition_dim = 3, .output_dim = 8});
  denoiser->to(torch::kDouble);
  {
    const torch::NoGradGuard no_grad;
    for (Tensor& parameter : denoiser->parameters()) {
      parameter.normal_(0, .3);
    }
  }
  const Tensor z_NZ = torch::randn({16, 3}, Rng(3), torch::kDouble).requires_grad_();
  const NoisyNetwork network = [&](const Tensor& noisy_KND, const Tensor& tau_KN) {
    return denoiser(noisy_KND, tau_KN, z_NZ);
  };
  const NoiseSchedule schedule(config.schedule, config.noise_scale);
  const Tensor loss = DenoisingLossAt(config, schedule, network, timed, std::move(rng)).mean;
  return {loss.detach(), torch::autograd::grad({loss}, {z_NZ})[0]};
}

// 16 patches of 4 numbers each, since normal numbers are drawn in blocks of 16.
TEST(DenoisingLoss, AndItsGradientAreTheMeanOfThoseOfEachRepeatAlone) {
  const Tensor x_ND = torch::randn({16, 4}, Rng(1), torch::kDouble);
  for (const NoiseScheduleKind kind : kSchedules) {
    for (const Prediction prediction : kPredictions) {
      for (const bool learn_variance : {false, true}) {
        const DiffusionConfig config{
            .prediction = prediction, .schedule = kind, .learn_variance = learn_variance};
        const Tensor t_KN1 = DrawTimes(config, {4, 16, 1}, Rng(2), x_ND.options());
        const auto [loss, slope_NZ] = AtTimesOf(config, {x_ND, t_KN1}, Rng(4));
        const at::Generator rng = Rng(4);
        Tensor mean = torch::zeros_like(loss), mean_slope_NZ = torch::zeros_like(slope_NZ);
        for (int64_t k = 0; k < 4; ++k) {
          const auto [its, its_NZ] = AtTimesOf(config, {x_ND, t_KN1.slice(0, k, k + 1)}, rng);
          mean += its / 4;
          mean_slope_NZ += its_NZ / 4;
        }
        EXPECT_TRUE(at::allclose(mean, loss, 1e-12)) << EnumName(prediction);
        EXPECT_TRUE(at::allclose(mean_slope_NZ, slope_NZ, 1e-10, 1e-12)) << EnumName(prediction);
      }
    }
  }
}

}  // namespace
}  // namespace tessera
