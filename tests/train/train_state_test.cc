#include "train/train_state.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "config/toml.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

std::string Complaint(const std::vector<std::string>& begun, const std::vector<std::string>& now) {
  RunConfig before, after;
  EXPECT_TRUE(FromToml("", "r.toml", begun, &before).ok());
  EXPECT_TRUE(FromToml("", "r.toml", now, &after).ok());
  const TempFolder folder;
  folder.Write("config.toml", ToToml(before));
  return std::string(CheckSameRun(folder.path(), after, Files()).message());
}

TEST(CheckSameRun, LetsTheKeysDifferThatLeaveTheStepsAsTheyAre) {
  EXPECT_EQ(Complaint({}, {}), "");
  EXPECT_EQ(
      Complaint({}, {"train.steps=5", "train.minutes=1", "train.log_every=1",
                     "train.evaluate_every=0", "train.sample_every=0", "train.checkpoint_every=7",
                     "train.keep=9", "data.threads=3", "generate.sampler.steps=3"}),
      "");
}

TEST(CheckSameRun, NamesTheFirstKeysThatDiffer) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "was trained with other settings: train.batch was 32, is 16; resume with",
                      Complaint({}, {"train.batch=16"}));
  EXPECT_PRED_FORMAT2(
      testing::IsSubstring,
      "seed was 1, is 2; model.width was 192, is 64; train.batch was 32, is 1; and 1 more; resume",
      Complaint({}, {"seed=2", "model.width=64", "train.batch=1", "train.optimizer.lr=1"}));
}

TEST(CheckSameRun, BlamesTheChoiceAndNotTheKeysThatHangOnIt) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "settings: train.optimizer.kind was \"muon\", is \"adamw\"; resume with",
                      Complaint({"train.optimizer.muon_lr=0.5"}, {"train.optimizer.kind=adamw"}));
}

TEST(TrainState, IsReadAsItWasWritten) {
  const TempFolder folder;
  folder.Write("state.json", ToJson({.step = 7, .minutes = .1, .best_step = 5, .best_loss = .3}));
  const auto state = ReadState(folder.path(), Files());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->step, 7);
  EXPECT_EQ(state->minutes, .1);
  EXPECT_EQ(state->best_step, 5);
  EXPECT_EQ(state->best_loss, .3);
}

TEST(TrainState, KnowsThatNothingWasEvaluated) {
  const TempFolder folder;
  folder.Write("state.json", ToJson({.step = 7, .minutes = .1}));
  const auto state = ReadState(folder.path(), Files());
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->best_step, 0);
  EXPECT_GT(state->best_loss, 1e300);
  folder.Write("state.json", "{}");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "state.json' names no step or no minutes",
                      std::string(ReadState(folder.path(), Files()).status().message()));
}

TEST(DropLaterLines, KeepsTheWholeLinesUpToTheStep) {
  const TempFolder folder;
  const std::string log = folder / "log.jsonl";
  const std::string first = "{\"step\":1}\n", second = "{\"step\":2}\n";
  folder.Write("log.jsonl", first + second + "{\"step\":3}\n{\"st");
  ASSERT_TRUE(DropLaterLines(log, 2, Files()).ok());
  EXPECT_EQ(*Files().Read(log), first + second);
  EXPECT_TRUE(DropLaterLines(folder / "none.jsonl", 2, Files()).ok());
}

TEST(CheckSameRun, LetsTheDataMoveAndBadDataBePassedBy) {
  const std::vector<std::string> files = {"data.kind=image_folder", "data.path=a"};
  EXPECT_EQ(Complaint(files, {"data.kind=image_folder", "data.path=b", "data.on_error=skip",
                              "data.max_pixels=1000"}),
            "");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "data.test_share was 0.05, is 0.1",
                      Complaint(files, {files[0], files[1], "data.test_share=0.1"}));
}

TEST(TrainState, NamesNoStepThatNoRunReaches) {
  const TempFolder folder;
  for (const char* step : {"1e300", "-1", "null", "\"7\""}) {
    folder.Write("state.json", absl::StrCat("{\"step\": ", step, ", \"minutes\": 1}"));
    EXPECT_TRUE(absl::IsDataLoss(ReadState(folder.path(), Files()).status())) << step;
  }
}

}  // namespace
}  // namespace tessera
