#include "train/binned_mean.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tessera {
namespace {

TEST(BinnedMean, HasOneBinForEachTurnThatCame) {
  BinnedMean mean;
  EXPECT_TRUE(mean.Means().empty());
  mean.Add(at::tensor({0, 3, 3}, torch::kLong), at::tensor({1., 2., 4.}));
  mean.Add(at::tensor({0}, torch::kLong), at::tensor({5.}));
  const std::vector<double> means = mean.Means();
  ASSERT_EQ(means.size(), 4);
  EXPECT_EQ(means[0], 3);
  EXPECT_TRUE(std::isnan(means[1]));
  EXPECT_EQ(means[3], 3);
}

TEST(BinnedMean, HasTenBinsOfNoiseLevelsWhoseLastHoldsTheCleanEnd) {
  BinnedMean mean;
  mean.AddByLevel(at::empty({0}), at::empty({0}));
  EXPECT_TRUE(mean.Means().empty());
  mean.AddByLevel(at::tensor({0., .05, .95, 1.}), at::tensor({1., 3., 5., 7.}));
  const std::vector<double> means = mean.Means();
  ASSERT_EQ(means.size(), 10);
  EXPECT_EQ(means.front(), 2);
  EXPECT_EQ(means.back(), 6);
  EXPECT_TRUE(std::isnan(means[5]));
}

}  // namespace
}  // namespace tessera
