#include "heads/sampler/sigma_path.h"

#include <gtest/gtest.h>

#include "tests/heads/expected.h"

namespace tessera {
namespace {

const NoiseSchedule& Flow() {
  static const NoiseSchedule flow(NoiseScheduleKind::kFlow, 1);
  return flow;
}

// Distance to the end of the exact curve from the same noise, one number a patch.
double CurveError(const SamplerConfig& config) {
  const Gaussian data{.3, .5};
  const Tensor noise_N1 = torch::tensor({{1.}, {-.4}}, torch::kDouble);
  const Tensor end_N1 = SampleExpected(config, Flow(), data, [&] { return noise_N1; });
  const Tensor first_N1 = noise_N1 * config.sigma_max;
  return (end_N1 - data.Curve(first_N1, config.sigma_max, config.sigma_min))
      .abs()
      .max()
      .item<double>();
}

double Order(SamplerConfig config, int64_t steps) {
  config.steps = steps;
  const double coarse = CurveError(config);
  config.steps = 2 * steps;
  return std::log2(coarse / CurveError(config));
}

struct OrderCase {
  SamplerConfig config;
  double polynomial, log_snr;  // measured for the reference; the least is .15 lower
};

TEST(SigmaWalk, HasTheOrderOfItsKind) {
  using enum SamplerKind;
  const std::vector<OrderCase> cases = {{{.kind = kIpndm, .order = 1}, 1, 1},
                                        {{.kind = kIpndm, .order = 2}, 2, 2},
                                        {{.kind = kIpndm, .order = 3}, 2, 2},
                                        {{.kind = kIpndm, .order = 4}, 2, 2},
                                        {{.kind = kIpndmV, .order = 2}, 2, 2},
                                        {{.kind = kIpndmV, .order = 3}, 3, 3},
                                        {{.kind = kIpndmV, .order = 4}, 4, 4},
                                        {{.kind = kDpmSolver2, .r = .5}, 2, 2},
                                        {{.kind = kDpmSolver2, .r = .3}, 2, 2},
                                        {{.kind = kDpmSolver2, .r = 1}, 2, 2},
                                        {{.kind = kDpmpp3m, .corrected = false}, 2, 2},
                                        {{.kind = kDpmpp3m, .corrected = true}, 3, 3},
                                        {{.kind = kAmed}, 2, 2}};
  for (const OrderCase& one : cases) {
    for (const StepGrid grid : {StepGrid::kPolynomial, StepGrid::kLogSnr}) {
      SamplerConfig config = one.config;
      config.grid = grid;
      const double nominal = grid == StepGrid::kLogSnr ? one.log_snr : one.polynomial;
      const double order = Order(config, 256);
      EXPECT_GT(order, nominal - .15) << EnumName(config.kind) << " " << config.order << " "
                                      << config.r << " " << EnumName(grid);
    }
  }
}

// Trap of the published third order: it is of second.
TEST(SigmaWalk, PublishedDpmpp3mAndIpndmStayAtOrderTwo) {
  const StepGrid grid = StepGrid::kPolynomial;
  EXPECT_LT(Order({.kind = SamplerKind::kDpmpp3m, .corrected = false, .grid = grid}, 256), 2.2);
  EXPECT_LT(Order({.kind = SamplerKind::kIpndm, .order = 4, .grid = grid}, 256), 2.2);
}

// An order less costs another factor of two with each doubling of the steps.
TEST(SigmaWalk, PublishedDpmpp3mFallsBehindTheCorrectedByTheOrderThatItLacks) {
  const auto behind = [](int64_t steps) {
    const auto error = [&](bool corrected) {
      return CurveError({.kind = SamplerKind::kDpmpp3m,
                         .steps = steps,
                         .corrected = corrected,
                         .grid = StepGrid::kPolynomial});
    };
    return error(false) / error(true);
  };
  for (const int64_t steps : {128, 256}) {
    EXPECT_NEAR(behind(2 * steps) / behind(steps), 2, .3) << steps;
  }
}

// Errors at 64 steps on the polynomial grid in units of Euler's, of a single reference run.
TEST(SigmaWalk, HasTheErrorsOfTheReference) {
  using enum SamplerKind;
  const std::vector<std::pair<SamplerConfig, double>> cases = {
      {{.kind = kDpmSolver2, .r = 1}, 2.19e-3},
      {{.kind = kDpmSolver2, .r = .5}, 1.27e-3},
      {{.kind = kDpmpp3m, .corrected = false}, 4.1e-4},
      {{.kind = kIpndm, .order = 4}, 7.3e-4},
      {{.kind = kIpndmV, .order = 4}, 4.3e-4}};
  const auto error = [](SamplerConfig config) {
    config.steps = 64;
    config.grid = StepGrid::kPolynomial;
    return CurveError(config);
  };
  const double euler = error({.kind = kIpndm, .order = 1});
  for (const auto& [config, reference] : cases) {
    EXPECT_NEAR(error(config) / euler / (reference / 2.67e-2), 1, .03)
        << EnumName(config.kind) << " " << config.order << " " << config.r;
  }
}

// The three names of one method.
TEST(SigmaWalk, EulerIsDdimIsIpndmOfOrderOne) {
  const SamplerConfig euler{
      .kind = SamplerKind::kIpndm, .steps = 9, .order = 1, .grid = StepGrid::kPolynomial};
  const Tensor noise_N1 = torch::tensor({{1.}, {-.4}, {.2}}, torch::kDouble);
  const Gaussian data{.3, .5};
  const Tensor here_N1 = SampleExpected(euler, Flow(), data, [&] { return noise_N1; });
  for (const auto kind : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
    const auto there_N1 =
        SampleExpected(euler, NoiseSchedule(kind, 1), data, [&] { return noise_N1; });
    EXPECT_TRUE(at::allclose(here_N1, there_N1, 0, 1e-9));  // the schedule does not matter
  }
  // DDIM keeps signal and noise of scale 1: x = alpha y.
  const std::vector<double> sigmas = SigmaGrid(euler, Flow());
  Tensor x_N1 = noise_N1 * Flow().AtLogSnr(-std::log(sigmas[0])).sigma;
  for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const NoiseLevel level = Flow().AtLogSnr(-std::log(sigmas[i]));
    const NoiseLevel next = Flow().AtLogSnr(-std::log(sigmas[i + 1]));
    const Tensor clean_N1 =
        data(x_N1, level.alpha, torch::full({1, 1}, level.sigma, torch::kDouble));
    x_N1 = next.alpha * clean_N1 + next.sigma * (x_N1 - level.alpha * clean_N1) / level.sigma;
    if (i + 2 == sigmas.size()) {
      EXPECT_TRUE(at::allclose(x_N1 / next.alpha, here_N1, 0, 1e-9));
    }
  }
}

// Its first two steps and its last two are of lower order: of two both are Euler's.
TEST(SigmaWalk, Dpmpp3mOfTwoStepsIsEuler) {
  const auto draw = [](const SamplerConfig& config) {
    return SampleExpected(config, Flow(), Gaussian{.3, .5}, [] {
      return torch::tensor({{1.}, {-.4}}, torch::kDouble);
    });
  };
  using enum SamplerKind;
  const Tensor euler_N1 = draw({.kind = kIpndm, .steps = 2, .order = 1});
  EXPECT_TRUE(at::allclose(draw({.kind = kDpmpp3m, .steps = 2}), euler_N1, 0, 1e-12));
  const Tensor three_N1 = draw({.kind = kDpmpp3m, .steps = 3});
  EXPECT_FALSE(at::allclose(three_N1, draw({.kind = kIpndm, .steps = 3, .order = 1}), 0, 1e-3));
}

TEST(SigmaWalk, LastLookGivesTheExpectedPatchWhereTheWalkEnds) {
  const Gaussian data{.3, .5};
  for (SamplerCase one : SamplerCases(4)) {
    if (!StepsInSigma(one.sampler.kind)) {
      continue;
    }
    const auto draw = [&](bool last_look) {
      one.sampler.last_look = last_look;
      one.sampler.sigma_min = .2;
      return SampleExpected(one.sampler, one.schedule, data, [] {
        return torch::tensor({{1.}, {-.4}}, torch::kDouble);
      });
    };
    const Tensor clean_N1 = data(draw(false), 1, torch::full({1, 1}, .2, torch::kDouble));
    EXPECT_TRUE(at::allclose(draw(true), clean_N1, 0, 1e-9)) << one.name;
  }
}

TEST(SigmaWalk, AnalyticFirstDirectionIsAlmostThatOfUnitVariance) {
  const Tensor y_N1 = torch::tensor({{80.}}, torch::kDouble);
  const Tensor exact_N1 = Gaussian{0, 1}(y_N1, 1, torch::full({1, 1}, 80., torch::kDouble));
  const double analytic = (y_N1 - AnalyticClean(y_N1, 80)).item<double>();
  const double exact = (y_N1 - exact_N1).item<double>();
  EXPECT_NEAR(analytic / exact - 1, 7.81e-5, 1e-7);
}

TEST(SigmaGrid, DividesWhatItSaysEvenly) {
  const auto grid = [](StepGrid grid, NoiseScheduleKind kind) {
    return SigmaGrid({.steps = 4, .grid = grid, .rho = 7}, NoiseSchedule(kind, 1));
  };
  const auto polynomial = grid(StepGrid::kPolynomial, NoiseScheduleKind::kFlow);
  const auto log_snr = grid(StepGrid::kLogSnr, NoiseScheduleKind::kCosine);
  const auto time = grid(StepGrid::kTime, NoiseScheduleKind::kFlow);
  ASSERT_EQ(polynomial.size(), 5u);
  for (const auto& sigmas : {polynomial, log_snr, time}) {
    EXPECT_EQ(sigmas.front(), 80);
    EXPECT_EQ(sigmas.back(), .002);
  }
  EXPECT_NEAR(polynomial[2], 2.5152, 1e-4);  // EDM's schedule: ((80^(1/7) + .002^(1/7)) / 2)^7
  EXPECT_NEAR(log_snr[2], std::sqrt(80 * .002), 1e-12);
  EXPECT_NEAR(1 / (1 + time[2]), (1 / 81. + 1 / 1.002) / 2, 1e-12);
}

TEST(AdamsBashforth, HasThePublishedWeightsOnEvenSteps) {
  const std::vector<std::vector<double>> published = {{1},
                                                      {3. / 2, -1. / 2},
                                                      {23. / 12, -16. / 12, 5. / 12},
                                                      {55. / 24, -59. / 24, 37. / 24, -9. / 24}};
  std::vector<double> nodes;
  for (const std::vector<double>& weights : published) {
    nodes.push_back(-static_cast<double>(nodes.size()));
    const std::vector<double> ours = AdamsBashforth(nodes, 0, 1);
    for (size_t j = 0; j < weights.size(); ++j) {
      EXPECT_NEAR(ours[j], weights[j], 1e-14);
    }
  }
}

TEST(AdamsBashforth, IntegratesCubicsExactlyOnAnySteps) {
  const auto cubic = [](double x) { return 2 * x * x * x - x + 5; };
  const auto integral = [](double x) { return x * x * x * x / 2 - x * x / 2 + 5 * x; };
  const std::vector<double> nodes = {1.3, 1.1, .4, -.2};
  const std::vector<double> weights = AdamsBashforth(nodes, 1.3, 2.5);
  double sum = 0;
  for (size_t j = 0; j < nodes.size(); ++j) {
    sum += weights[j] * cubic(nodes[j]);
  }
  EXPECT_NEAR(sum, integral(2.5) - integral(1.3), 1e-12);
}

TEST(NoiseSchedule, AtSigmasIsAtLogSnrOfEachNumber) {
  for (const auto kind : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
    const NoiseSchedule schedule(kind, 1.7);
    const Tensor sigma_S = torch::tensor({80., 3., .4, .02, .002}, torch::kDouble);
    const NoiseLevels levels = schedule.AtSigmas(sigma_S);
    for (int64_t i = 0; i < sigma_S.size(0); ++i) {
      const NoiseLevel level = schedule.AtLogSnr(-std::log(sigma_S[i].item<double>()));
      EXPECT_NEAR(levels.tau[i].item<double>(), level.tau, 1e-9);
      EXPECT_NEAR(levels.alpha[i].item<double>(), level.alpha, 1e-12);
      EXPECT_NEAR(levels.sigma[i].item<double>(), level.sigma, 1e-12);
    }
  }
}

}  // namespace
}  // namespace tessera
