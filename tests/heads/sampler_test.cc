#include "tests/heads/mixture.h"

namespace tessera {
namespace {

// Every sampler on a schedule that it can walk on.
std::vector<MixtureReference> Samplers(int64_t steps) {
  std::vector<MixtureReference> all = MixtureReferences();
  for (MixtureReference& one : all) {
    one.sampler.steps = steps;
  }
  return all;
}

TEST(Sampler, ReachesItsReferenceErrorInTenSteps) {
  for (const MixtureReference& reference : MixtureReferences()) {
    ExpectMixtureErrors(reference, 2);
  }
}

TEST(Sampler, EveryKindIsInTheTable) {
  for (size_t kind = 0; kind < EnumNames(SamplerKind{}).size(); ++kind) {
    const std::vector<MixtureReference> all = Samplers(4);
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const MixtureReference& one) {
      return one.sampler.kind == static_cast<SamplerKind>(kind);
    })) << EnumNames(SamplerKind{})[kind];
  }
}

TEST(Sampler, LooksAsOftenAsItsKindSays) {
  for (const MixtureReference& one : Samplers(7)) {
    const int64_t looks = DrawMixture(one.sampler, one.schedule, 4).looks;
    switch (one.sampler.kind) {
      case SamplerKind::kMidpoint:
        EXPECT_EQ(looks, 14) << one.name;
        break;
      case SamplerKind::kHeun:
        EXPECT_EQ(looks, 13) << one.name;
        break;
      case SamplerKind::kDdpm:
      case SamplerKind::kDdim:
      case SamplerKind::kEuler:
      case SamplerKind::kAb2:
      case SamplerKind::kDpmpp2m:
      case SamplerKind::kFlowSde:
        EXPECT_EQ(looks, 7) << one.name;
        break;
    }
  }
}

TEST(Sampler, RunsFromASingleStepOn) {
  for (MixtureReference one : Samplers(1)) {
    if (one.sampler.kind == SamplerKind::kFlowSde) {
      EXPECT_FALSE(one.sampler.Problem().empty());
      one.sampler.steps = 2;
    }
    EXPECT_TRUE(at::isfinite(DrawMixture(one.sampler, one.schedule, 16).x_N1).all().item<bool>())
        << one.name;
  }
}

// With the clean patch known, every way from noise leads there.
TEST(Sampler, EndsAtAPatchThatIsCertain) {
  const Tensor truth_ND = torch::tensor({{-.5, .25, 1.}}, torch::kDouble);
  for (const MixtureReference& one : Samplers(6)) {
    const auto levels = SamplerLevels(one.sampler, NoiseSchedule(one.schedule, 1));
    const auto look = [&](const Tensor&, int64_t) -> Denoised { return {truth_ND, {}}; };
    const auto noise = [] { return torch::full({1, 3}, .7, torch::kDouble); };
    const Tensor x_ND =
        RunSampler({.config = one.sampler, .levels = levels, .denoise = look, .noise = noise});
    EXPECT_TRUE(at::allclose(x_ND, truth_ND, 0, 1e-12)) << one.name;
  }
}

TEST(Sampler, DdimWithEtaOneIsDdpmWithTheSmallVariance) {
  const Tensor ddpm_N1 =
      DrawMixture({.kind = SamplerKind::kDdpm}, NoiseScheduleKind::kCosine, 64).x_N1;
  const Tensor ddim_N1 =
      DrawMixture({.kind = SamplerKind::kDdim, .eta = 1}, NoiseScheduleKind::kCosine, 64).x_N1;
  EXPECT_TRUE(at::allclose(ddpm_N1, ddim_N1, 0, 1e-9));  // draw by draw, not only in distribution
}

TEST(Sampler, DdimOnTheFlowIsEuler) {
  const Tensor ddim_N1 =
      DrawMixture({.kind = SamplerKind::kDdim}, NoiseScheduleKind::kFlow, 64).x_N1;
  const Tensor euler_N1 =
      DrawMixture({.kind = SamplerKind::kEuler}, NoiseScheduleKind::kFlow, 64).x_N1;
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
  for (MixtureReference one : Samplers(5)) {
    one.sampler.temperature = 0;
    const auto levels = SamplerLevels(one.sampler, NoiseSchedule(one.schedule, 1));
    const auto draw = [&](double first, double later) {
      bool is_first = true;
      const auto noise = [&] {
        return torch::full({1, 1}, std::exchange(is_first, false) ? first : later, torch::kDouble);
      };
      const auto look = [&](const Tensor& x_ND, int64_t i) -> Denoised {
        return {Mixture().Clean(x_ND, levels[static_cast<size_t>(i)]), {}};
      };
      return RunSampler({.config = one.sampler, .levels = levels, .denoise = look, .noise = noise})
          .item<double>();
    };
    const bool stochastic = one.sampler.kind == SamplerKind::kDdpm || one.sampler.eta > 0 ||
                            one.sampler.kind == SamplerKind::kFlowSde;
    EXPECT_EQ(draw(.5, .3), draw(.5, -2)) << one.name;
    EXPECT_EQ(draw(.5, .3) == draw(-1, .3), !stochastic) << one.name;
  }
}

TEST(Sampler, ClipsTheExpectedPatchOnlyWhenAsked) {
  const auto look = [](const Tensor& x_ND, int64_t) -> Denoised {
    return {torch::full_like(x_ND, 3.), {}};
  };
  const auto noise = [] { return torch::zeros({1, 1}, torch::kDouble); };
  for (MixtureReference one : Samplers(4)) {
    const auto levels = SamplerLevels(one.sampler, NoiseSchedule(one.schedule, 1));
    for (const bool clip : {false, true}) {
      one.sampler.clip = clip;
      const Tensor x_ND =
          RunSampler({.config = one.sampler, .levels = levels, .denoise = look, .noise = noise});
      EXPECT_NEAR(x_ND.item<double>(), clip ? 1 : 3, 1e-12) << one.name;
    }
  }
}

// Noise of scale s around data is s times unit noise around data / s.
TEST(Sampler, FollowsTheNoiseScale) {
  for (const MixtureReference& one : Samplers(6)) {
    if (one.schedule != NoiseScheduleKind::kFlow || one.sampler.kind == SamplerKind::kDpmpp2m) {
      continue;  // the first level of dpm++2m is a time, not a ratio
    }
    const auto draw = [&](double scale) {
      const auto levels = SamplerLevels(one.sampler, NoiseSchedule(one.schedule, scale));
      at::Generator rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0);
      const auto look = [&](const Tensor& x_N1, int64_t i) -> Denoised {
        NoiseLevel level = levels[static_cast<size_t>(i)];
        level.sigma /= scale;
        return {scale * Mixture().Clean(x_N1 / scale, level), {}};
      };
      const auto noise = [&] { return torch::randn({8, 1}, rng, torch::kDouble); };
      return RunSampler({.config = one.sampler, .levels = levels, .denoise = look, .noise = noise});
    };
    EXPECT_TRUE(at::allclose(draw(3), 3 * draw(1), 0, 1e-9)) << one.name;
  }
}

}  // namespace
}  // namespace tessera
