// A solution of more steps must not be further from the data, whatever the network does with noise
// that it was not trained on. D = 1 number a patch, N = draws.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "heads/diffusion/diffusion.h"
#include "tests/heads/mixture.h"
#include "tests/heads/random_head.h"

namespace tessera {
namespace {

constexpr double kMean = -.16;  // of the mixture

// Trained so near to the data that less noise is left at the end than the mixture has itself.
DiffusionConfig Trained() { return {.time_mean = .3}; }

// A network that predicts the clean patch of a mixture without an error up to a time. Later it
// overshoots, as networks do at noise that they have hardly seen.
class TrainedUntil : public GuidedNetwork {
 public:
  TrainedUntil(double end, const std::vector<NoiseLevel>& levels) : end_(end), levels_(levels) {}

  Tensor Output(const Tensor& x_N1, int64_t level, bool) override {
    const NoiseLevel& seen = levels_[static_cast<size_t>(level)];
    latest_ = std::max(latest_, seen.alpha);
    const Tensor sigma_11 = torch::full({1, 1}, seen.sigma, torch::kDouble);
    const Tensor clean_N1 = Mixture().Clean(x_N1, seen.alpha, sigma_11);
    return seen.alpha <= end_ ? clean_N1 : kMean + 1.5 * (clean_N1 - kMean);
  }

  double latest() const { return latest_; }

 private:
  double end_;
  const std::vector<NoiseLevel>& levels_;
  double latest_ = 0;
};

struct Drawn {
  double distance;  // from the mixture, Wasserstein-1
  double latest;    // time that the network was asked about
};

Drawn Draw(const SamplerConfig& sampler) {
  const DiffusionConfig config = Trained();
  const Diffusion diffusion(config, 1);
  const std::vector<NoiseLevel> levels = diffusion.Levels(sampler);
  const auto network = std::make_shared<TrainedUntil>(TimeQuantile(config, .99), levels);
  const Conditions conditions{One(torch::zeros({2000, 1}, torch::kDouble))};
  std::vector<at::Generator> rngs = Rngs(2000);
  const Sampling sampling(sampler);
  const Tensor x_N1 = diffusion.Draw({sampling, levels, network, conditions}, rngs);
  return {MixtureShares(x_N1).Distance(), network->latest()};
}

TEST(FinerSolution, IsNotFurtherFromTheDataThanACoarserOne) {
  using enum SamplerKind;
  for (const SamplerKind kind : {kEuler, kHeun, kMidpoint, kAb2, kDdim, kDpmpp2m, kIpndm}) {
    double before = Draw({.kind = kind, .steps = 3}).distance;
    for (const int64_t steps : {10, 30, 100}) {
      const double distance = Draw({.kind = kind, .steps = steps}).distance;
      EXPECT_LT(distance, before + .01) << EnumName(kind) << " " << steps;
      before = distance;
    }
    EXPECT_LT(before, .05) << EnumName(kind);
  }
}

// The rule is what makes it so: asked about all noise, the network leads a finer solution astray.
TEST(FinerSolution, IsFurtherWhereUntrainedNoiseIsAskedAbout) {
  const auto distance = [](int64_t steps) {
    return Draw({.kind = SamplerKind::kEuler, .steps = steps, .trained_share = 1}).distance;
  };
  EXPECT_LT(distance(5), .2);
  EXPECT_GT(distance(30), .2);
  EXPECT_GT(distance(100), 1.2 * distance(30));
}

TEST(FinerSolution, AsksAboutNoNoiseBelowThatOfTheTrainedShare) {
  for (const SamplerConfig& sampler : {SamplerConfig{.steps = 40}, SamplerConfig{.steps = 1}}) {
    const double end = TimeQuantile(Trained(), sampler.trained_share);
    EXPECT_LE(Draw(sampler).latest, end);
  }
  EXPECT_GT(Draw({.steps = 40}).latest, TimeQuantile(Trained(), .99) - 1. / 80);
}

}  // namespace
}  // namespace tessera
