#include "train/config.h"

#include <gtest/gtest.h>

#include "config/toml.h"

namespace tessera {
namespace {

std::string ErrorOf(const std::string& text) {
  TrainConfig config;
  return std::string(FromToml(text, "r.toml", {}, &config).message());
}

TEST(TrainConfig, HasSoundDefaults) { EXPECT_EQ(TrainConfig().Problem(), ""); }

TEST(TrainConfig, ExplainsEveryKey) {
  for (const FieldInfo& field : ListFields(TrainConfig())) {
    EXPECT_NE(field.doc, "") << field.path;
  }
}

TEST(TrainConfig, RoundTripsThroughToml) {
  TrainConfig config;
  config.optimizer = OptimizerKind::kAdamW;
  config.schedule = ScheduleKind::kConstant;
  config.minutes = 6.1;
  TrainConfig read;
  ASSERT_TRUE(FromToml(ToToml(config), "r.toml", {}, &read).ok());
  EXPECT_EQ(read, config);
}

TEST(TrainConfig, RefusesMuonsKeysUnderAdamW) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "set optimizer = \"muon\" or remove it",
                      ErrorOf("optimizer = 'adamw'\nmuon_lr = 0.1"));
}

TEST(TrainConfig, RefusesARunThatWouldNotEnd) {
  EXPECT_EQ(ErrorOf("steps = 0"), "r.toml: steps and minutes are both 0: the run would not end");
  EXPECT_EQ(ErrorOf("steps = 0\nminutes = 1"), "");
}

TEST(TrainConfig, RefusesADecayOfOne) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "must be in [0, 1)", ErrorOf("ema = 1"));
}

}  // namespace
}  // namespace tessera
