#include "run/train_config.h"

#include <gtest/gtest.h>

#include "config/toml.h"

namespace tessera {
namespace {

std::string ErrorOf(const std::string& text) {
  TrainConfig config;
  return std::string(FromToml(text, "r.toml", {}, &config).message());
}

TEST(TrainConfig, HasSoundDefaults) { EXPECT_EQ(TrainConfig().Problem(), ""); }

TEST(TrainConfig, RoundTripsThroughToml) {
  TrainConfig config;
  config.optimizer.kind = OptimizerKind::kAdamW;
  config.schedule = ScheduleKind::kConstant;
  config.minutes = 6.1;
  TrainConfig read;
  ASSERT_TRUE(FromToml(ToToml(config), "r.toml", {}, &read).ok());
  EXPECT_EQ(read, config);
}

TEST(TrainConfig, RefusesMuonsKeysUnderAdamW) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "set optimizer.kind = \"muon\" or remove it",
                      ErrorOf("[optimizer]\nkind = 'adamw'\nmuon_lr = 0.1"));
}

TEST(TrainConfig, RefusesWhatAdaptersLeaveWithoutEffect) {
  for (const char* key :
       {"optimizer.kind = 'muon'", "optimizer.muon_lr = 0.1", "freeze = ['head.*']"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "set adapter.kind = \"none\" or remove it",
                        ErrorOf(std::string(key) + "\n[adapter]\nkind = 'lora'"));
  }
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "set adapter.kind = \"lora\" or remove it",
                      ErrorOf("[adapter]\nrank = 4"));
}

TEST(TrainConfig, RefusesAdaptersThatCannotBe) {
  const auto error = [](const std::string& key) {
    return ErrorOf("[adapter]\nkind = 'lora'\n" + key);
  };
  EXPECT_EQ(error(""), "");
  EXPECT_EQ(error("rank = 0"), "r.toml: adapter: rank must be at least 1");
  EXPECT_EQ(error("alpha = 0"), "r.toml: adapter: alpha and lr_ratio must be positive");
  EXPECT_EQ(error("lr_ratio = -1"), "r.toml: adapter: alpha and lr_ratio must be positive");
  EXPECT_EQ(error("dropout = 1"), "r.toml: adapter: dropout must be in [0, 1)");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "at least one pattern", error("targets = []"));
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
