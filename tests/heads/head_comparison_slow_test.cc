// The densities on one conditional distribution of two modes, the argument against the squared
// error in a minute: eight conditions, patches 1/2 N(m, .1^2 I) + 1/2 N(-m, .1^2 I) of two numbers,
// |m| = .6 unless said. N = patches, D = 2.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <numbers>

#include "heads/image_head.h"
#include "ops/pixels.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kConditions = 8;
constexpr double kSd = .1;

// In bits a number, of continuous numbers in [-1, 1]: of the 8-bit ones it is log2(127.5) more.
constexpr double kEntropy = -.7785;
const double kBitsPerPixelValue = kNatsPerPixelValue / std::numbers::ln2;

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

struct Examples {
  Tensor z_NZ;     // one-hot
  Tensor mode_ND;  // m
  Tensor x_ND;
};

constexpr double kApart = .6;  // |m|

Examples DrawExamples(int64_t count, at::Generator rng, double apart = kApart) {
  const Tensor condition_N = torch::randint(kConditions, {count}, rng);
  const Tensor angle_N = condition_N * (2 * std::numbers::pi / kConditions) + .2;
  const Tensor mode_ND = apart * torch::stack({angle_N.cos(), angle_N.sin()}, 1);
  const Tensor sign_N1 = torch::randint(2, {count, 1}, rng) * 2 - 1;
  return {torch::one_hot(condition_N, kConditions).to(torch::kFloat), mode_ND,
          mode_ND * sign_N1 + kSd * torch::randn({count, 2}, rng)};
}

std::shared_ptr<ImageHead> Fit(const HeadConfig& config, uint64_t steps, double lr,
                               double apart = kApart) {
  torch::manual_seed(1);
  const auto head = MakeImageHead(config, kConditions, 2);
  torch::optim::Adam optimizer(head->parameters(), lr);
  for (uint64_t step = 0; step < steps; ++step) {
    at::Generator rng = Rng(step);
    const Examples examples = DrawExamples(256, rng, apart);
    const double left = 1 - static_cast<double>(step) / static_cast<double>(steps);
    optimizer.param_groups()[0].options().set_lr(lr * std::min(1., 2 * left));
    optimizer.zero_grad();
    head->Loss(examples.z_NZ, examples.x_ND, rng).mean.backward();
    optimizer.step();
  }
  return head;
}

// Bits a number more than the entropy.
double Excess(ImageHead& head, double apart = kApart) {
  constexpr int64_t count = 4000;
  const Examples examples = DrawExamples(count, Rng(1'000'000), apart);
  const Tensor x_ND = FromPixelValues(PixelValues(examples.x_ND));
  const Examples others = DrawExamples(count, Rng(2'000'000), apart);
  Measurement measurement(Rng(1));
  measurement.decoder =
      head.FitDecoder(others.z_NZ, FromPixelValues(PixelValues(others.x_ND)), Rng(2));
  const Tensor bits_N = head.Measure(examples.z_NZ, x_ND, measurement).bits_N;
  // The likelihood of these examples under the truth takes the luck of the draw away.
  const Tensor log_p_N = at::logsumexp(
      torch::stack({(examples.x_ND - examples.mode_ND).square().sum(1) / (-2 * kSd * kSd),
                    (examples.x_ND + examples.mode_ND).square().sum(1) / (-2 * kSd * kSd)}),
      {0});
  const double constant = std::numbers::ln2 + std::log(2 * std::numbers::pi * kSd * kSd);
  const double truth =
      ((constant - log_p_N.mean().item<double>()) / 2 + kNatsPerPixelValue) / std::numbers::ln2;
  if (apart == kApart) {
    EXPECT_NEAR(truth, kEntropy + kBitsPerPixelValue, .05);
  }
  const double excess = bits_N.mean().item<double>() - truth;
  testing::Test::RecordProperty("excess_bits", std::to_string(excess));
  std::cout << "bits a number above the entropy: " << excess << "\n";
  return excess;
}

struct Draws {
  double balance;   // share at m rather than at -m
  double distance;  // mean, to the nearer of both
  double far;       // share farther than 5 standard deviations
};

Draws DrawsOf(ImageHead& head) {
  const Examples examples = DrawExamples(2000, Rng(2'000'000));
  std::vector<at::Generator> rngs;
  for (uint64_t i = 0; i < 2000; ++i) {
    rngs.push_back(Rng(3'000'000 + i));
  }
  const Tensor x_ND = head.Sample({{{examples.z_NZ, torch::ones({2000, 1})}}}, {}, rngs);
  const Tensor plus_N = (x_ND - examples.mode_ND).norm(2, {1});
  const Tensor minus_N = (x_ND + examples.mode_ND).norm(2, {1});
  const Tensor near_N = torch::minimum(plus_N, minus_N);
  const auto mean = [](const Tensor& t) { return t.to(torch::kDouble).mean().item<double>(); };
  const Draws draws{mean(plus_N < minus_N), mean(near_N), mean(near_N > 5 * kSd)};
  std::cout << "balance " << draws.balance << ", distance " << draws.distance << ", far "
            << draws.far << "\n";
  return draws;
}

void ExpectBothModes(const Draws& draws) {
  EXPECT_NEAR(draws.balance, .5, .05);
  EXPECT_NEAR(draws.distance, kSd * std::sqrt(std::numbers::pi / 2), .015);
  EXPECT_LT(draws.far, .02);
}

HeadConfig Small(HeadKind kind) { return {.kind = kind, .width = 64, .depth = 1}; }

TEST(HeadComparison, TheSquaredErrorPredictsTheVoidBetweenTheModes) {
  const auto head = Fit(Small(HeadKind::kMse), 2000, 3e-3);
  EXPECT_GT(Excess(*head), 1);
  std::vector<at::Generator> rngs = {Rng(0)};
  const Tensor z_NZ = torch::one_hot(torch::tensor({2}), kConditions).to(torch::kFloat);
  const Tensor mean =
      head->Sample({{{z_NZ, torch::ones({1, 1})}}}, SamplerConfig{.temperature = 0}, rngs);
  EXPECT_LT(mean.norm().item<double>(), .1);
}

// The more noise on the patches, the less is wrong with the squared error (spaces.ac.cn 10197), as
// in one step of diffusion: modes that are closer than the noise is wide. The least that any
// Gaussian with one deviation for all numbers can be above the entropy is by numeric integration.
TEST(HeadComparison, TheSquaredErrorIsRightOfNoisePatches) {
  for (const auto& [apart, least] :
       {std::pair(.2, .336), std::pair(.1, .0493), std::pair(.05, .0050)}) {
    EXPECT_NEAR(Excess(*Fit(Small(HeadKind::kMse), 1000, 3e-3, apart), apart), least, .01) << apart;
  }
}

TEST(HeadComparison, OneGaussianOfAnyShapeIsNotEnough) {
  HeadConfig config = Small(HeadKind::kGmm);
  config.gmm.components = 1;
  config.gmm.covariance = Covariance::kFull;
  EXPECT_GT(Excess(*Fit(config, 2000, 3e-3)), .3);
}

TEST(HeadComparison, AMixtureOfNumbersAloneMissesHowTheyGoTogether) {
  HeadConfig config = Small(HeadKind::kGmm);
  config.gmm.components = 2;
  config.gmm.covariance = Covariance::kPerChannel;
  EXPECT_GT(Excess(*Fit(config, 2000, 3e-3)), .3);
}

TEST(HeadComparison, TwoGaussiansReachTheEntropy) {
  for (const Covariance covariance : {Covariance::kDiagonal, Covariance::kFull}) {
    HeadConfig config = Small(HeadKind::kGmm);
    config.gmm.components = 2;
    config.gmm.covariance = covariance;
    const auto head = Fit(config, 2000, 3e-3);
    EXPECT_LT(Excess(*head), .01) << EnumName(covariance);
    ExpectBothModes(DrawsOf(*head));
  }
}

TEST(HeadComparison, FourierReachesTheEntropy) {
  const auto head = Fit(Small(HeadKind::kFourier), 3000, 3e-3);
  EXPECT_LT(Excess(*head), .01);
  ExpectBothModes(DrawsOf(*head));
}

TEST(HeadComparison, Softmax256NearsTheEntropy) {
  const auto head = Fit(Small(HeadKind::kSoftmax256), 3000, 3e-3);
  EXPECT_LT(Excess(*head), .05);
  ExpectBothModes(DrawsOf(*head));
}

// A solution ends at the least noise that is trained, which must be below the deviation of the
// data.
TEST(HeadComparison, DiffusionNearsTheEntropy) {
  HeadConfig config = Small(HeadKind::kDiffusion);
  config.diffusion.time_density = TimeDensity::kUniform;
  const auto head = Fit(config, 3000, 3e-3);
  EXPECT_LT(Excess(*head), .05);
  ExpectBothModes(DrawsOf(*head));
}

}  // namespace
}  // namespace tessera
