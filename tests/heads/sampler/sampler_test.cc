#include "tests/heads/mixture.h"

namespace tessera {
namespace {

TEST(Sampler, ReachesItsReferenceErrorInTenSteps) {
  for (const MixtureReference& reference : MixtureReferences()) {
    EXPECT_LT(std::abs(SigmasOff(reference, 2)), 3) << reference.name;
  }
}

// Samplers are affine in their noise where the data are Gaussian: row 0 has no noise, row k that of
// draw k alone. The mean and the deviation are then exact, not estimated.
std::pair<double, double> MeanAndDeviation(const SamplerCase& one, const Gaussian& data) {
  const int64_t rows = one.sampler.steps + 2;
  int64_t draw = 0;
  const auto noise = [&] {
    Tensor noise_N1 = torch::zeros({rows, 1}, torch::kDouble);
    noise_N1[++draw] = 1;
    return noise_N1;
  };
  const Tensor out_N1 = SampleExpected(one.sampler, one.schedule, data, noise);
  return {out_N1[0].item<double>(), (out_N1 - out_N1[0]).norm().item<double>()};
}

TEST(Sampler, OfEveryKindHasTheMeanAndTheDeviationOfGaussianData) {
  const Gaussian data{.3, .5};
  for (const SamplerCase& one : SamplerCases(200)) {
    const auto [mean, deviation] = MeanAndDeviation(one, data);
    EXPECT_NEAR(mean, data.mean, .015) << one.name;
    EXPECT_NEAR(deviation, data.sd, .015) << one.name;
  }
}

TEST(Sampler, LooksAsOftenAsItsKindSays) {
  for (const bool analytic : {false, true}) {
    for (SamplerCase one : SamplerCases(7)) {
      one.sampler.analytic_first = analytic;
      int64_t looks = 0;
      const auto look = [&](const Tensor& x_ND, double, const Tensor&) {
        ++looks;
        return torch::zeros_like(x_ND);
      };
      SampleExpected(one.sampler, one.schedule, look, [] {
        return torch::ones({2, 1}, torch::kDouble);
      });
      EXPECT_EQ(looks, Evaluations(one.sampler)) << one.name;
    }
  }
}

TEST(Sampler, CountsItsLooks) {
  using enum SamplerKind;
  EXPECT_EQ(Evaluations({.kind = kMidpoint, .steps = 10}), 20);
  EXPECT_EQ(Evaluations({.kind = kHeun, .steps = 10}), 19);
  EXPECT_EQ(Evaluations({.kind = kIpndm, .steps = 10}), 10);
  EXPECT_EQ(Evaluations({.kind = kDdpm, .steps = 10, .analytic_first = true}), 10);
  EXPECT_EQ(Evaluations({.kind = kAmed, .steps = 3, .analytic_first = true}), 5);
  EXPECT_EQ(Evaluations({.kind = kAmed, .steps = 2, .last_look = true}), 5);
  EXPECT_EQ(Evaluations({.kind = kMidpoint, .steps = 10, .last_look = true}), 20);
}

TEST(Sampler, RunsFromASingleStepOn) {
  for (SamplerCase one : SamplerCases(2)) {
    if (one.sampler.kind != SamplerKind::kFlowSde) {
      one.sampler.steps = 1;
    }
    const auto noise = [] { return torch::full({3, 1}, .7, torch::kDouble); };
    const Tensor x_N1 = SampleExpected(one.sampler, one.schedule, Gaussian{0, 1}, noise);
    EXPECT_TRUE(at::isfinite(x_N1).all().item<bool>()) << one.name;
  }
}

// With the clean patch known, every way from noise leads straight there, and as far as it goes.
TEST(Sampler, EndsAtAPatchThatIsCertain) {
  const Tensor truth_ND = torch::tensor({{-.5, .25, 1.}}, torch::kDouble);
  const Tensor noise_ND = torch::full({1, 3}, .7, torch::kDouble);
  for (const int64_t steps : {2, 6}) {
    for (const SamplerCase& one : SamplerCases(steps)) {
      const auto look = [&](const Tensor&, double, const Tensor&) { return truth_ND; };
      const Tensor x_ND = SampleExpected(one.sampler, one.schedule, look, [&] { return noise_ND; });
      const double first = one.sampler.sigma_max, last = one.sampler.sigma_min;
      const bool stays = StepsInSigma(one.sampler.kind) && !one.sampler.last_look;
      const double left = stays ? last / first : 0;
      const Tensor end_ND = truth_ND + left * (noise_ND * first - truth_ND);
      EXPECT_TRUE(at::allclose(x_ND, end_ND, 0, 1e-12)) << one.name;
    }
  }
}

// Slope of the error of the end, over 256 to 512 steps, on Gaussian data. Those that walk in sigma
// are in sigma_pairwise_test.cc. dpm++2m is compared on a grid whose last level does not move.
double OrderOf(const SamplerConfig& sampler) {
  const Gaussian data{.3, .5};
  const NoiseSchedule flow(NoiseScheduleKind::kFlow, 1);
  const Tensor noise_N1 = torch::tensor({{1.}, {-.4}}, torch::kDouble);
  const auto error = [&](int64_t steps) {
    SamplerConfig config = sampler;
    config.steps = steps;
    const Tensor x_N1 = SampleExpected(config, flow, data, [&] { return noise_N1; });
    Tensor end_N1 = data.mean + data.sd * noise_N1;
    if (config.kind == SamplerKind::kDpmpp2m) {
      const std::vector<NoiseLevel> levels = SamplerLevels(config, flow);
      const double first = levels.front().sigma / levels.front().alpha;
      const double last = levels.back().sigma / levels.back().alpha;
      end_N1 = data(data.Curve(first * noise_N1, first, last), 1,
                    torch::full({1, 1}, last, torch::kDouble));
    }
    return (x_N1 - end_N1).abs().max().item<double>();
  };
  return std::log2(error(256) / error(512));
}

TEST(Sampler, InFlowTimeHasTheOrderOfItsKind) {
  using enum SamplerKind;
  EXPECT_NEAR(OrderOf({.kind = kEuler}), 1, .15);
  EXPECT_NEAR(OrderOf({.kind = kHeun}), 2, .15);
  EXPECT_NEAR(OrderOf({.kind = kAb2}), 2, .15);
  EXPECT_NEAR(OrderOf({.kind = kDpmpp2m, .grid = StepGrid::kLogSnr}), 2, .15);
  EXPECT_GT(OrderOf({.kind = kMidpoint}), 1.85);  // of such data's straight flow 3
}

// The expected patch of Gaussian data is affine in the noisy one, hence so is every path.
TEST(Sampler, OfEveryKindIsAffineInItsNoiseOnGaussianData) {
  for (const SamplerCase& one : SamplerCases(6)) {
    const auto draw = [&](double first, double second) {
      at::Generator a = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0);
      at::Generator b = MakeGenerator(torch::kCPU, 2, Stream::kTest, 0);
      const auto noise = [&] {
        const Tensor a_N1 = torch::randn({4, 1}, a, torch::kDouble);
        return first * a_N1 + second * torch::randn({4, 1}, b, torch::kDouble);
      };
      return SampleExpected(one.sampler, one.schedule, Gaussian{.3, .5}, noise);
    };
    const Tensor mixed_N1 = 1.7 * draw(1, 0) - .7 * draw(0, 1);
    EXPECT_TRUE(at::allclose(draw(1.7, -.7), mixed_N1, 0, 1e-9)) << one.name;
  }
}

TEST(Sampler, OfEveryKindDrawsARowByItsOwnNoiseAlone) {
  const Mixture mixture;
  const auto look = [&](const Tensor& x_ND, double alpha, const Tensor& sigma_N1) {
    return mixture.Clean(x_ND, alpha, sigma_N1);
  };
  for (const SamplerCase& one : SamplerCases(5)) {
    const auto draw = [&](const std::vector<uint64_t>& seeds) {
      std::vector<at::Generator> rngs;
      for (const uint64_t seed : seeds) {
        rngs.push_back(MakeGenerator(torch::kCPU, seed, Stream::kTest, 0));
      }
      const auto noise = [&] { return RandnRows(rngs, 1, torch::kDouble); };
      return SampleExpected(one.sampler, one.schedule, look, noise);
    };
    const Tensor together_N1 = draw({5, 6, 7});
    EXPECT_TRUE(torch::equal(together_N1, draw({5, 6, 7}))) << one.name;
    EXPECT_TRUE(at::allclose(together_N1.slice(0, 1, 2), draw({6}), 0, 1e-12)) << one.name;
    EXPECT_NE(together_N1[0].item<double>(), together_N1[1].item<double>()) << one.name;
  }
}

TEST(Sampler, DdimWithEtaOneIsDdpmWithTheSmallVariance) {
  const Tensor ddpm_N1 = DrawEvenly({{.kind = SamplerKind::kDdpm}, NoiseScheduleKind::kCosine}, 64);
  const Tensor ddim_N1 =
      DrawEvenly({{.kind = SamplerKind::kDdim, .eta = 1}, NoiseScheduleKind::kCosine}, 64);
  EXPECT_TRUE(at::allclose(ddpm_N1, ddim_N1, 0, 1e-9));  // draw by draw, not only in distribution
}

TEST(Sampler, DdimOnTheFlowIsEuler) {
  const Tensor ddim_N1 = DrawEvenly({{.kind = SamplerKind::kDdim}, NoiseScheduleKind::kFlow}, 64);
  const Tensor euler_N1 = DrawEvenly({{.kind = SamplerKind::kEuler}, NoiseScheduleKind::kFlow}, 64);
  EXPECT_TRUE(at::allclose(ddim_N1, euler_N1, 0, 1e-12));
}

// Gaussian data N(0, s^2): a step of ddpm is linear, so that variance obeys a recursion.
TEST(Sampler, DdpmVarianceObeysItsRecursion) {
  const double data_variance = .25;
  const NoiseSchedule schedule(NoiseScheduleKind::kCosine, 1);
  const SamplerConfig config{.kind = SamplerKind::kDdpm, .steps = 8};
  const auto levels = SamplerLevels(config, schedule);
  const auto gain = [&](const NoiseLevel& level) {
    const double signal = level.alpha * data_variance;
    return signal / (level.alpha * signal + level.sigma * level.sigma);
  };
  // Feed one noise at a time and add up the squares of what comes out: the exact variance.
  double variance = 0;
  for (int64_t source = 0; source < config.steps; ++source) {
    int64_t draw = 0;
    const auto noise = [&] {
      return torch::full({1, 1}, draw++ == source ? 1. : 0., torch::kDouble);
    };
    const auto look = [&](const Tensor& x_ND, int64_t i) -> Denoised {
      return {gain(levels[static_cast<size_t>(i)]) * x_ND, {}};
    };
    const double out =
        RunSampler({.config = config, .levels = levels, .denoise = look, .noise = noise})
            .item<double>();
    variance += out * out;
  }
  double expected = levels[0].sigma * levels[0].sigma;
  for (size_t i = 0; i < levels.size(); ++i) {
    const double abar = levels[i].alpha * levels[i].alpha;
    const double before = i + 1 < levels.size() ? levels[i + 1].alpha * levels[i + 1].alpha : 1;
    const double beta = 1 - abar / before;
    const double kept = std::sqrt(1 - beta) * (1 - before) / (1 - abar) +
                        std::sqrt(before) * beta / (1 - abar) * gain(levels[i]);
    expected = kept * kept * expected + beta * (1 - before) / (1 - abar);
  }
  EXPECT_NEAR(variance, expected, 1e-12);
}

TEST(Sampler, WithoutTemperatureOnlyTheFirstNoiseOfAStochasticSamplerCounts) {
  for (SamplerCase one : SamplerCases(5)) {
    one.sampler.temperature = 0;
    const auto draw = [&](double first, double later) {
      bool is_first = true;
      const auto noise = [&] {
        return torch::full({1, 1}, std::exchange(is_first, false) ? first : later, torch::kDouble);
      };
      return SampleExpected(one.sampler, one.schedule, Gaussian{.3, .5}, noise).item<double>();
    };
    // ddpm, and ddim like it, keep nothing of a first level that has no signal.
    const bool ancestral = one.sampler.kind == SamplerKind::kDdpm ||
                           (one.sampler.kind == SamplerKind::kDdim && one.sampler.eta > 0);
    const bool counts = one.sampler.kind == SamplerKind::kFlowSde ||
                        (ancestral && one.schedule.kind() == NoiseScheduleKind::kCosine);
    EXPECT_EQ(draw(.5, .3), draw(.5, -2)) << one.name;
    EXPECT_EQ(draw(.5, .3) == draw(-1, .3), !counts) << one.name;
  }
}

TEST(Sampler, ClipsTheExpectedPatchOnlyWhenAsked) {
  const auto look = [](const Tensor& x_ND, double, const Tensor&) {
    return torch::full_like(x_ND, 3.);
  };
  for (SamplerCase one : SamplerCases(4)) {
    for (const bool clip : {false, true}) {
      one.sampler.clip = clip;
      const Tensor x_ND = SampleExpected(one.sampler, one.schedule, look, [] {
        return torch::zeros({1, 1}, torch::kDouble);
      });
      EXPECT_NEAR(x_ND.item<double>(), clip ? 1 : 3, 1e-3) << one.name;
    }
  }
}

// Noise of scale s around data is s times unit noise around data / s.
TEST(Sampler, FollowsTheNoiseScale) {
  for (SamplerCase one : SamplerCases(6)) {
    if (one.schedule.kind() != NoiseScheduleKind::kFlow ||
        one.sampler.kind == SamplerKind::kDpmpp2m) {
      continue;  // the first level of dpm++2m is a time, not a ratio
    }
    const auto draw = [&](double scale) {
      SamplerConfig config = one.sampler;
      config.sigma_max *= scale;
      config.sigma_min *= scale;
      at::Generator rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0);
      const auto look = [&](const Tensor& x_N1, double alpha, const Tensor& sigma_N1) {
        return scale * Mixture().Clean(x_N1 / scale, alpha, sigma_N1 / scale);
      };
      const auto noise = [&] { return torch::randn({8, 1}, rng, torch::kDouble); };
      return SampleExpected(config, {NoiseScheduleKind::kFlow, scale}, look, noise);
    };
    EXPECT_TRUE(at::allclose(draw(3), 3 * draw(1), 0, 1e-9)) << one.name;
  }
}

TEST(AtTurn, GoesEvenlyFromTheFirstPatchToTheLast) {
  const SamplerConfig config{.steps = 20, .last_steps = 5};
  const auto steps = [&](int64_t turn) { return AtTurn(config, turn, 16).steps; };
  EXPECT_EQ(steps(0), 20);
  EXPECT_EQ(steps(1), 19);
  EXPECT_EQ(steps(8), 12);
  EXPECT_EQ(steps(15), 5);
  EXPECT_EQ(AtTurn({.steps = 9}, 7, 8).steps, 9);
  EXPECT_EQ(AtTurn(config, 0, 1).steps, 20);  // a picture of one patch
}

}  // namespace
}  // namespace tessera
