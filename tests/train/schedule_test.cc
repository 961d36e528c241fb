#include "train/schedule.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(Progress, IsThatOfTheLimitThatEndsFirst) {
  TrainConfig config;
  config.steps = 100;
  config.minutes = 10;
  EXPECT_EQ(Progress(config, 50, 2), 0.5);
  EXPECT_EQ(Progress(config, 50, 8), 0.8);
  EXPECT_EQ(Progress(config, 50, 80), 1);
}

TEST(Progress, IgnoresALimitThatIsOff) {
  TrainConfig config;
  config.steps = 0;
  config.minutes = 10;
  EXPECT_EQ(Progress(config, 1'000'000, 5), 0.5);
  config.steps = 10;
  config.minutes = 0;
  EXPECT_EQ(Progress(config, 5, 1e9), 0.5);
}

TEST(LearningRateFactor, RisesOverTheWarmup) {
  TrainConfig config;
  config.schedule = ScheduleKind::kConstant;
  config.warmup = 3;
  EXPECT_EQ(LearningRateFactor(config, 0, 0), 0.25);
  EXPECT_EQ(LearningRateFactor(config, 1, 0), 0.5);
  EXPECT_EQ(LearningRateFactor(config, 3, 0), 1);
  EXPECT_EQ(LearningRateFactor(config, 99, 1), 1);
}

TEST(LearningRateFactor, FallsFromOneToTheFinalFraction) {
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear}) {
    TrainConfig config;
    config.schedule = kind;
    config.warmup = 0;
    config.final_fraction = 0.2;
    EXPECT_DOUBLE_EQ(LearningRateFactor(config, 0, 0), 1);
    EXPECT_DOUBLE_EQ(LearningRateFactor(config, 50, 0.5), 0.6);
    EXPECT_DOUBLE_EQ(LearningRateFactor(config, 100, 1), 0.2);
  }
}

}  // namespace
}  // namespace tessera
