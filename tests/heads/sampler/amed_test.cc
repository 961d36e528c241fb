#include "heads/sampler/amed.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "heads/sampler/sigma_path.h"
#include "tests/heads/expected.h"

namespace tessera {
namespace {

CleanAt Of(const Gaussian& data) {
  return [data](const Tensor& y_ND, const Tensor& sigma_N1) { return data(y_ND, 1, sigma_N1); };
}

Tensor WholeStep(AmedPredictor& predictor, const CleanAt& clean_at, const Tensor& y_ND,
                 const AmedInterval& interval) {
  const Tensor sigma_11 = torch::full({1, 1}, interval.from, torch::kDouble);
  return AmedStep(predictor, clean_at, y_ND, clean_at(y_ND, sigma_11), interval);
}

// Chooses the same everywhere: r as given, and c and a at the end of their range.
std::shared_ptr<AmedPredictor> Constant(double r, const AmedConfig& config = {.features = 0}) {
  const torch::NoGradGuard no_grad;
  const auto predictor = UntrainedAmed(1, config);
  predictor->named_parameters()["output.bias"].copy_(
      torch::tensor({std::log(r / (1 - r)), 40., 40.}, torch::kDouble));
  return predictor;
}

TEST(Amed, HasThePublishedNumberOfParameters) {
  int64_t count = 0;
  for (const Tensor& parameter : AmedPredictor({}, 32).parameters()) {
    count += parameter.numel();
  }
  EXPECT_EQ(count,
            8950 + 21);  // of 64 numbers a patch; published without a: 16 + 4 weights, 1 bias
}

TEST(Amed, BeforeTrainingIsDpmSolver2InTheGeometricMiddle) {
  const Tensor noise_ND =
      torch::randn({5, 3}, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0), torch::kDouble);
  for (const auto kind : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
    SamplerConfig config{.kind = SamplerKind::kAmed, .steps = 4, .analytic_first = true};
    const auto draw = [&] {
      return SampleExpected(
          config, NoiseSchedule(kind, 1), Gaussian{.3, .5}, [&] { return noise_ND; },
          UntrainedAmed(3));
    };
    const Tensor amed_ND = draw();
    config.kind = SamplerKind::kDpmSolver2;
    EXPECT_TRUE(at::allclose(amed_ND, draw(), 0, 1e-9));
  }
}

// Zero-mean Gaussians have one r that makes a step exact, whatever the patch:
// 1 + (u - t) k(m) (1 + (m - t) k(t)) = sqrt((s^2 + u^2) / (s^2 + t^2)), k(a) = a / (s^2 + a^2).
TEST(Amed, StepsExactlyWithTheRootsOfTheGaussian) {
  struct Case {
    std::vector<double> sigmas, roots;
  };
  const NoiseSchedule flow(NoiseScheduleKind::kFlow, 1);
  const Gaussian data{0, .5};
  const Tensor y_N1 = torch::tensor({{1.}, {-2.}}, torch::kDouble);
  for (const Case& one :
       {Case{SigmaGrid({.steps = 3, .grid = StepGrid::kPolynomial}, flow),
             {.42811, .40226, .13010}},
        Case{SigmaGrid({.steps = 3, .grid = StepGrid::kLogSnr}, flow), {.43096, .27487, .18808}},
        // Even in the time of a variance-preserving schedule.
        Case{{80, 6.9502354, 1.2866689, .002}, {.42793, .42421, .13327}}}) {
    for (size_t i = 0; i < 3; ++i) {
      const double from = one.sigmas[i], to = one.sigmas[i + 1];
      const auto miss = [&](double r) {
        const auto predictor = Constant(r, {.features = 0, .direction_range = 0});
        const Tensor end_N1 = WholeStep(*predictor, Of(data), y_N1 * from, {from, to});
        return (end_N1 / data.Curve(y_N1 * from, from, to) - 1).abs().max().item<double>();
      };
      EXPECT_LT(miss(one.roots[i]), miss(.5) / 100) << from;
      EXPECT_GT(miss(.5), 4e-4) << from;
    }
  }
}

TEST(Amed, LooksOnceAndWhereItChooses) {
  std::vector<double> seen;
  const auto look = [&](const Tensor& y_N1, const Tensor& sigma_N1) {
    seen.push_back(sigma_N1.item<double>());
    return torch::zeros_like(y_N1);
  };
  const Tensor y_N1 = torch::ones({1, 1}, torch::kDouble), clean_N1 = torch::zeros_like(y_N1);
  AmedStep(*Constant(.5), look, y_N1, clean_N1, {8, 2});
  AmedStep(*Constant(1 - 1e-12, {.features = 0, .time_range = .2}), look, y_N1, clean_N1, {8, 2});
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_NEAR(seen[0], 4, 1e-9);
  EXPECT_NEAR(seen[1], 1.2 * 2, 1e-9);  // r = 1 is the end, told as 1.2 times its noise
}

// The begin's direction leads to the point in between, and no further: with what is seen there
// held fast, y_u = y + c (u - t) (y_m - D) / m moves with D(y, t) by c (u - t) / m (t - m) / t.
TEST(Amed, EndsAlongTheDirectionInBetweenAlone) {
  const Tensor begin_N1 = torch::full({1, 1}, .3, torch::kDouble).requires_grad_();
  const Tensor middle_N1 = torch::full({1, 1}, -.2, torch::kDouble).requires_grad_();
  const auto look = [&](const Tensor&, const Tensor& sigma_N1) {
    return sigma_N1.item<double>() == 8 ? begin_N1 : middle_N1;
  };
  const auto end = [&](double r) {
    return WholeStep(*Constant(r), look, torch::full({1, 1}, 5., torch::kDouble), {8, 2});
  };
  for (const double r : {.2, .5, .9}) {
    const double m = std::pow(2, r) * std::pow(8, 1 - r), c = 1.01;
    const auto slopes = torch::autograd::grad({end(r)}, {begin_N1, middle_N1});
    EXPECT_NEAR(slopes[0].item<double>(), c * (2 - 8) / m * (8 - m) / 8, 1e-9);
    EXPECT_NEAR(slopes[1].item<double>(), -c * (2 - 8) / m, 1e-9);
  }
}

TEST(Amed, GradientIsThatOfFiniteDifferences) {
  const auto predictor = UntrainedAmed(2, {.time_range = .2});
  at::Generator rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 1);
  const Tensor y_ND = torch::randn({6, 2}, rng, torch::kDouble);
  const auto loss = [&] {
    return WholeStep(*predictor, Of({.3, .5}), y_ND * 8, {8, .5}).square().sum();
  };
  std::vector<Tensor> parameters = predictor->parameters(), directions;
  {
    const torch::NoGradGuard no_grad;
    for (Tensor& parameter : parameters) {
      parameter.normal_(0, .3, rng);
      directions.push_back(torch::randn(parameter.sizes(), rng, torch::kDouble));
    }
  }
  const auto gradient = torch::autograd::grad({loss()}, parameters);
  const auto along = [&](double step) {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].add_(directions[i], step);
    }
    const double value = loss().item<double>();
    for (size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].sub_(directions[i], step);
    }
    return value;
  };
  double slope = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_GT(gradient[i].abs().max().item<double>(), 0) << i;
    slope += (gradient[i] * directions[i]).sum().item<double>();
  }
  EXPECT_NEAR(slope / ((along(1e-6) - along(-1e-6)) / 2e-6), 1, 1e-6);
}

TEST(Amed, FirstWeightsComeFromTheSeedAlone) {
  const auto weight = [](int64_t seed) {
    return AmedPredictor({.seed = seed}, 3).named_parameters()["hidden.weight"].detach().clone();
  };
  EXPECT_TRUE(torch::equal(weight(1), weight(1)));
  EXPECT_FALSE(torch::equal(weight(1), weight(2)));
}

}  // namespace
}  // namespace tessera
