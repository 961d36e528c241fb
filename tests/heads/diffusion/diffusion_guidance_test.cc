// Guidance of the diffusion head: what several conditions, weighted, make it draw.
#include <gtest/gtest.h>

#include "heads/diffusion/prediction.h"
#include "tests/heads/random_head.h"

namespace tessera {
namespace {

class Guidance : public testing::Test {
 protected:
  Tensor Sample(const std::vector<GuidanceCondition>& guidance, double from = 0, double to = 1) {
    auto rngs = Rngs(3);
    return head_->Sample({guidance, from, to}, {}, rngs);
  }

  // u + w (c - u)
  std::vector<GuidanceCondition> Guided(double w) const {
    return {{with_NZ_, torch::full({3, 1}, w)}, {without_NZ_, torch::full({3, 1}, 1 - w)}};
  }

  std::shared_ptr<ImageHead> head_ = RandomHead({.width = 8, .depth = 1});
  Tensor with_NZ_ = Randn({3, kConditionDim}, 0);
  Tensor without_NZ_ = Randn({3, kConditionDim}, 1);
};

TEST_F(Guidance, AtOneIsTheConditionAndAtZeroItsAbsence) {
  EXPECT_TRUE(torch::equal(Sample(Guided(1)), Sample(One(with_NZ_))));
  EXPECT_TRUE(torch::equal(Sample(Guided(0)), Sample(One(without_NZ_))));
  EXPECT_FALSE(at::allclose(Sample(Guided(3)), Sample(One(with_NZ_))));
}

TEST_F(Guidance, IsTheSumOfWeightedBranchesHoweverTheyAreSplit) {
  std::vector<GuidanceCondition> split = Guided(3);
  split[1].weight_N1 = split[1].weight_N1 / 2;
  split.push_back(split[1]);
  EXPECT_TRUE(at::allclose(Sample(split), Sample(Guided(3)), 1e-10, 1e-10));
}

TEST_F(Guidance, HasItsOwnScaleInEveryRow) {
  std::vector<GuidanceCondition> mixed = Guided(3);
  mixed[0].weight_N1 = torch::tensor({{3.f}, {1.f}, {0.f}});
  mixed[1].weight_N1 = 1 - mixed[0].weight_N1;
  const Tensor x_ND = Sample(mixed);
  EXPECT_TRUE(at::allclose(x_ND[0], Sample(Guided(3))[0], 1e-10, 1e-10));
  EXPECT_TRUE(at::allclose(x_ND[1], Sample(Guided(1))[1], 1e-10, 1e-10));
  EXPECT_TRUE(at::allclose(x_ND[2], Sample(Guided(0))[2], 1e-10, 1e-10));
}

TEST_F(Guidance, HoldsInItsIntervalOnly) {
  EXPECT_TRUE(torch::equal(Sample(Guided(3), 2, 3), Sample(One(with_NZ_))));
  EXPECT_FALSE(at::allclose(Sample(Guided(3), .5), Sample(One(with_NZ_))));
  EXPECT_FALSE(at::allclose(Sample(Guided(3), .5), Sample(Guided(3))));
}

// Weights add up to 1, so that summing x, epsilon or v is the same.
TEST_F(Guidance, OnXEpsilonAndVIsTheSame) {
  const NoiseSchedule schedule(NoiseScheduleKind::kFlow, 1);
  const NoiseLevels levels = schedule.AtTimes(torch::full({1}, .4, torch::kDouble));
  const Tensor noisy = Randn({5}, 2), with = Randn({5}, 3), without = Randn({5}, 4);
  const double w = 3;
  for (const auto prediction : {Prediction::kX, Prediction::kEpsilon, Prediction::kV}) {
    const auto output = [&](const Tensor& clean) {
      const Tensor noise = (noisy - levels.alpha * clean) / levels.sigma;
      return PredictionTarget(prediction, schedule, clean, noise, levels);
    };
    const Tensor guided = w * output(with) + (1 - w) * output(without);
    const CleanForm form = CleanFrom(prediction, schedule, levels);
    EXPECT_TRUE(at::allclose(form.from_noisy * noisy + form.from_output * guided,
                             w * with + (1 - w) * without, 1e-9, 1e-9));
  }
}

}  // namespace
}  // namespace tessera
