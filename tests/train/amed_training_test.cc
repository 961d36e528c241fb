#include "train/amed_training.h"

#include <gtest/gtest.h>

#include "heads/sampler/sigma_path.h"
#include "tests/heads/expected.h"

namespace tessera {
namespace {

CleanAt Of(const Gaussian& data) {
  return [data](const Tensor& y_ND, const Tensor& sigma_N1) { return data(y_ND, 1, sigma_N1); };
}

TEST(HeunPath, IsDpmSolver2WithRAtTheEnd) {
  const SamplerConfig config{
      .kind = SamplerKind::kDpmSolver2, .steps = 5, .r = 1, .grid = StepGrid::kPolynomial};
  const NoiseSchedule flow(NoiseScheduleKind::kFlow, 1);
  const Tensor noise_N1 = torch::tensor({{1.}, {-.4}}, torch::kDouble);
  const Gaussian data{.3, .5};
  const std::vector<Tensor> path_N1 =
      HeunPath(Of(data), noise_N1 * config.sigma_max, SigmaGrid(config, flow));
  ASSERT_EQ(path_N1.size(), 6u);
  const Tensor end_N1 = SampleExpected(config, flow, data, [&] { return noise_N1; });
  EXPECT_TRUE(at::allclose(path_N1.back(), end_N1, 0, 1e-9));
}

// The patches to learn from are zero-mean Gaussian, others in each step.
AmedTraining TrainingOn(const AmedConfig& config, std::vector<double> teacher_sigmas) {
  AmedTraining training{.config = config, .teacher_sigmas = std::move(teacher_sigmas), .batch = {}};
  training.batch = [batch = config.batch](int64_t step) -> AmedBatch {
    const at::Generator rng =
        MakeGenerator(torch::kCPU, 1, Stream::kTest, static_cast<uint64_t>(step));
    return {Of({0, .5}), torch::randn({batch, 1}, rng, torch::kDouble)};
  };
  return training;
}

TEST(TrainAmed, FindsTheRThatMakesAStepOfAGaussianExact) {
  const AmedConfig config{
      .features = 0, .direction_range = 0, .patches = 2400, .batch = 8, .lr = .02};
  // One interval, its teacher fine: the exact r of the last third of the polynomial grid.
  std::vector<double> sigmas =
      SigmaGrid({.steps = 96, .grid = StepGrid::kPolynomial}, {NoiseScheduleKind::kFlow, 1});
  sigmas.erase(sigmas.begin(), sigmas.begin() + 64);
  AmedConfig fine = config;
  fine.teacher_points = 31;
  const auto predictor = UntrainedAmed(1, fine);
  const std::vector<double> distances = TrainAmed(*predictor, TrainingOn(fine, sigmas));
  ASSERT_EQ(distances.size(), 1u);
  EXPECT_LT(distances[0], 1e-5);
  const Tensor any_N1 = torch::ones({1, 1}, torch::kDouble);
  const double r =
      predictor->Choose(any_N1, any_N1, sigmas.front(), sigmas.back()).r_N1.item<double>();
  EXPECT_NEAR(r, .13010, 5e-3);
}

TEST(TrainAmed, IsAFunctionOfItsSeeds) {
  const AmedConfig config{.patches = 16, .batch = 4, .teacher_points = 1};
  const auto train = [&] {
    const auto predictor = UntrainedAmed(1, config);
    TrainAmed(*predictor, TrainingOn(config, {8, 4, 2, 1, .5}));
    return predictor->named_parameters()["output.weight"].detach().clone();
  };
  EXPECT_TRUE(torch::equal(train(), train()));
  EXPECT_GT(train().abs().max().item<double>(), 0);
}

// Where the expected patch leaves [-1, 1], clipping moves the curve that amed is to follow.
TEST(TrainAmed, FitsTheCurveOfTheClippedPatchThatIsDrawn) {
  const CleanAt far = Of({2, .5}), clipped = Clipped(far);
  const Tensor y_N1 = torch::tensor({{40.}, {-3.}}, torch::kDouble);
  const Tensor sigma_N1 = torch::full({1, 1}, 8., torch::kDouble);
  EXPECT_TRUE(torch::equal(clipped(y_N1, sigma_N1), far(y_N1, sigma_N1).clamp(-1, 1)));
  const auto predictor = UntrainedAmed(1, {.features = 0});
  SamplerConfig config{.kind = SamplerKind::kAmed, .steps = 2, .sigma_max = 8, .clip = true};
  const NoiseSchedule flow(NoiseScheduleKind::kFlow, 1);
  const Tensor noise_N1 = torch::tensor({{1.}, {-.4}}, torch::kDouble);
  const Tensor drawn_N1 = SampleExpected(
      config, flow, Gaussian{2, .5}, [&] { return noise_N1; }, predictor);
  const std::vector<double> sigmas = SigmaGrid(config, flow);
  Tensor walked_N1 = noise_N1 * 8;
  for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const Tensor from_11 = torch::full({1, 1}, sigmas[i], torch::kDouble);
    walked_N1 = AmedStep(*predictor, clipped, walked_N1, clipped(walked_N1, from_11),
                         {sigmas[i], sigmas[i + 1]});
  }
  EXPECT_TRUE(at::allclose(drawn_N1, walked_N1, 0, 1e-9));
}

}  // namespace
}  // namespace tessera
