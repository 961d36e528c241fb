// Trained heads against the least loss that any network can have: patches N(m, s^2 I) of Gaussian
// data, m told by the condition, for which it is known in closed form.
// N = patches, Z = conditions, D = 4.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <iostream>
#include <numbers>

#include "heads/image_head.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kConditions = 2, kDim = 4, kSteps = 2000;

struct Examples {
  Tensor z_NZ;  // one-hot
  Tensor x_ND;
};

Examples Draw(int64_t count, double sd, at::Generator rng) {
  const Tensor condition_N = torch::randint(kConditions, {count}, rng);
  const Tensor mean_N1 = (condition_N - .5).unsqueeze(1);
  return {torch::one_hot(condition_N, kConditions).to(torch::kFloat),
          mean_N1 + sd * torch::randn({count, kDim}, rng)};
}

// Trained, on patches that it has not seen.
double TrainedLoss(const HeadConfig& config, double sd) {
  torch::manual_seed(1);
  const auto head = MakeImageHead(config, kConditions, kDim);
  torch::optim::Adam adam(head->parameters(), 0.);
  for (int64_t step = 0; step < kSteps; ++step) {
    const auto rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, step);
    const Examples examples = Draw(128, sd, rng);
    adam.param_groups()[0].options().set_lr(3e-3 * (1 - double(step) / kSteps));
    adam.zero_grad();
    head->Loss(examples.z_NZ, examples.x_ND, rng).mean.backward();
    adam.step();
  }
  const torch::NoGradGuard no_grad;
  const auto rng = MakeGenerator(torch::kCPU, 2, Stream::kTest, 0);
  const Examples examples = Draw(100'000, sd, rng);
  return head->Loss(examples.z_NZ, examples.x_ND, rng).mean.item<double>();
}

struct Floor {
  Prediction prediction, loss;
  NoiseScheduleKind schedule;
  double sd, least;
};

TEST(LossFloor, ATrainedHeadComesWithinThreePercentOfTheLeastLoss) {
  constexpr auto flow = NoiseScheduleKind::kFlow, cosine = NoiseScheduleKind::kCosine;
  for (const Floor& floor :
       {Floor{Prediction::kEpsilon, Prediction::kEpsilon, cosine, .25, .19340},
        Floor{Prediction::kX, Prediction::kX, cosine, .25, .05041},
        Floor{Prediction::kV, Prediction::kV, cosine, .5, .49574},
        Floor{Prediction::kV, Prediction::kV, flow, .5, std::numbers::pi / 4}}) {
    const double loss = TrainedLoss({.width = 64,
                                     .depth = 2,
                                     .diffusion = {.prediction = floor.prediction,
                                                   .loss = floor.loss,
                                                   .schedule = floor.schedule,
                                                   .time_density = TimeDensity::kUniform}},
                                    floor.sd);
    std::cout << EnumName(floor.prediction) << " on " << EnumName(floor.schedule) << ", sd "
              << floor.sd << ": " << loss << ", least " << floor.least << ", ratio "
              << loss / floor.least << "\n";
    EXPECT_GT(loss, .99 * floor.least);  // known to .3 % from 200 000 noise draws
    EXPECT_LT(loss, 1.03 * floor.least);
  }
}

}  // namespace
}  // namespace tessera
