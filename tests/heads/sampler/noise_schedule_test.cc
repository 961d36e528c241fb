#include "heads/sampler/noise_schedule.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "heads/sampler/sampler.h"
#include "ops/random.h"

namespace tessera {
namespace {

const NoiseSchedule kFlow(NoiseScheduleKind::kFlow, 2);
const NoiseSchedule kCosine(NoiseScheduleKind::kCosine, 1);

TEST(NoiseSchedule, CosineHasTheReferenceValues) {
  const auto near = [](double step, double value, double tolerance) {
    EXPECT_NEAR(CosineAlphaBar(step), value, tolerance) << step;
  };
  near(0, .99995872, 5e-9);
  near(249, .84701, 5e-6);
  near(499, .49384, 5e-6);
  near(749, .14427, 5e-6);
  near(999, 2.43e-9, 5e-12);
  EXPECT_NEAR(1 - CosineAlphaBar(0), 4.128e-5, 5e-9);                       // the first beta
  EXPECT_NEAR(1 - CosineAlphaBar(999) / CosineAlphaBar(998), .999, 1e-12);  // the last, capped
}

TEST(NoiseSchedule, CosineIsTheProductOfItsCappedBetas) {
  const auto energy = [](double u) {
    return std::pow(std::cos((u + .008) / 1.008 * std::numbers::pi / 2), 2);
  };
  double product = 1;
  for (int step = 0; step < 1000; ++step) {
    product *= 1 - std::min(1 - energy((step + 1) / 1000.) / energy(step / 1000.), .999);
    EXPECT_NEAR(CosineAlphaBar(step) / product, 1, 1e-9) << step;
  }
}

TEST(NoiseSchedule, FlowIsStraight) {
  const NoiseLevel level = kFlow.AtTime(.25);
  EXPECT_EQ(level.tau, 250);
  EXPECT_EQ(level.alpha, .25);
  EXPECT_EQ(level.sigma, 1.5);  // noise scale 2
  EXPECT_EQ(kFlow.FlowTime(level), .25);
}

TEST(NoiseSchedule, FindsTheLevelOfASignalToNoiseRatioAndOfATime) {
  for (const NoiseSchedule& schedule : {kFlow, kCosine}) {
    for (const double log_snr : {-4.5, -1., 0., 2., 5.}) {
      const NoiseLevel level = schedule.AtLogSnr(log_snr);
      EXPECT_NEAR(std::log(level.alpha / level.sigma), log_snr, 1e-9);
      EXPECT_NEAR(schedule.AtTime(schedule.TimeOf(level)).sigma, level.sigma, 1e-9);
    }
  }
}

TEST(NoiseSchedule, TrainsAtTheLevelsThatItSamplesAt) {
  const Tensor t = torch::tensor({.0, .0005, .3, .77, .9999}, torch::kDouble);
  for (const NoiseSchedule& schedule : {kFlow, kCosine}) {
    const NoiseLevels levels = schedule.AtTimes(t);
    for (int64_t i = 0; i < t.size(0); ++i) {
      const double tau = levels.tau[i].item<double>();
      const bool flow = schedule.kind() == NoiseScheduleKind::kFlow;
      EXPECT_TRUE(flow || tau == std::floor(1000 * (1 - t[i].item<double>())) || tau == 999);
      const NoiseLevel level = schedule.AtTime(schedule.TimeOf({.tau = tau, .alpha = tau / 1000}));
      EXPECT_NEAR(levels.alpha[i].item<double>(), level.alpha, 1e-9);
      EXPECT_NEAR(levels.sigma[i].item<double>(), level.sigma, 1e-9);
      EXPECT_NEAR(schedule.FlowTime(levels)[i].item<double>(), schedule.FlowTime(level), 1e-9);
    }
  }
}

TEST(NoiseSchedule, UniformTimesReachEveryCosineStepAlike) {
  const DiffusionConfig config{.time_density = TimeDensity::kUniform};
  const Tensor t =
      DrawTimes(config, {100'000}, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0), torch::kFloat);
  const Tensor count = at::bincount(kCosine.AtTimes(t).tau.to(torch::kLong), {}, 1000);
  EXPECT_EQ(count.size(0), 1000);
  EXPECT_GT(count.min().item<int64_t>(), 100 - 5 * 10);  // 100 expected, standard deviation 10
  EXPECT_LT(count.max().item<int64_t>(), 100 + 5 * 10);
}

TEST(NoiseSchedule, LogitNormalTimesHaveTheirMedianAndSpread) {
  const auto draw = [](double shift) {
    return DrawTimes({.time_shift = shift}, {100'000},
                     MakeGenerator(torch::kCPU, 1, Stream::kTest, 0), torch::kDouble);
  };
  const Tensor logit = at::logit(draw(1));
  EXPECT_NEAR(logit.mean().item<double>(), -.8, 5 * .8 / std::sqrt(1e5));
  EXPECT_NEAR(logit.std().item<double>(), .8, 5 * .8 / std::sqrt(2e5));
  EXPECT_TRUE(at::allclose(at::logit(draw(3)), logit - std::log(3.), 1e-9, 1e-9));
}

TEST(NoiseSchedule, TimesLieBeforeTheirQuantileAsOftenAsItSays) {
  for (const TimeDensity density : {TimeDensity::kLogitNormal, TimeDensity::kUniform}) {
    const DiffusionConfig config{.time_density = density, .time_mean = -.5, .time_shift = 2};
    const Tensor t = DrawTimes(config, {100'000}, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0),
                               torch::kDouble);
    for (const double share : {.1, .5, .99}) {
      const Tensor before = (t < TimeQuantile(config, share)).to(torch::kDouble);
      EXPECT_NEAR(before.mean().item<double>(), share, 5 * std::sqrt(share * (1 - share) / 1e5));
    }
    EXPECT_EQ(TimeQuantile(config, 1), 1);
  }
}

TEST(SamplerLevels, OfDdpmAreWholeStepsWithBothEnds) {
  for (const int64_t steps : {1, 2, 7, 100, 1000}) {
    const SamplerConfig config{.kind = SamplerKind::kDdpm, .steps = steps};
    const auto levels = SamplerLevels(config, kCosine);
    ASSERT_EQ(static_cast<int64_t>(levels.size()), steps);
    EXPECT_NEAR(levels.front().tau, 999, 1e-9);
    EXPECT_NEAR(levels.back().tau, steps == 1 ? 999 : 0, 1e-9);
    for (const NoiseLevel& level : levels) {
      EXPECT_NEAR(level.tau, std::round(level.tau), 1e-9);
      EXPECT_NEAR(level.alpha, std::sqrt(CosineAlphaBar(std::round(level.tau))), 1e-12);
    }
  }
}

TEST(SamplerLevels, OfTheFlowStartAtNoiseAndShiftTowardsIt) {
  const auto plain = SamplerLevels({.kind = SamplerKind::kEuler, .steps = 4}, kFlow);
  const auto shifted =
      SamplerLevels({.kind = SamplerKind::kEuler, .steps = 4, .time_shift = 3}, kFlow);
  for (size_t i = 0; i < 4; ++i) {
    const double t = static_cast<double>(i) / 4;
    EXPECT_EQ(plain[i].alpha, t);
    EXPECT_NEAR(shifted[i].alpha, t / (t + 3 * (1 - t)), 1e-12);
  }
}

TEST(SamplerProblem, NamesWhatCannotBeCombined) {
  const HeadConfig flow;
  const HeadConfig cosine{
      .diffusion = {.schedule = NoiseScheduleKind::kCosine, .learn_variance = true}};
  const SamplerConfig sde{.kind = SamplerKind::kFlowSde};
  const SamplerConfig learned{.kind = SamplerKind::kDdpm, .variance = StepVariance::kLearned};
  EXPECT_EQ(SamplerProblem(flow, sde), "");
  EXPECT_NE(SamplerProblem(cosine, sde).find("flow-sde needs"), std::string::npos);
  EXPECT_EQ(SamplerProblem(cosine, learned), "");
  EXPECT_NE(SamplerProblem(flow, learned).find("learn_variance"), std::string::npos);
}

}  // namespace
}  // namespace tessera
