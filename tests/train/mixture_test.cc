// Training on a mixture of data sets.
#include <cmath>

#include "tests/train/rank_training.h"

namespace tessera {
namespace {

// Captioned shapes, stories of them and texts: "w.txt" in the folder.
RunConfig Mixed(const TempFolder& folder, const std::vector<std::string>& overrides = {}) {
  std::string texts;
  for (int i = 0; i < 9; ++i) {
    texts += "a plain text of the number " + std::to_string(i) + "\n\n";
  }
  folder.Write("texts/w.txt", texts);
  const std::string sets =
      "[data]\ntest_share = 0.3\n"
      "[[data.mix]]\nname = 'shapes'\nweight = 2\nshapes.count = 7\n"
      "[[data.mix]]\nname = 'stories'\nshapes.variant = 'stories'\nshow.prompt_weight = 0.5\n"
      "[[data.mix]]\nname = 'texts'\nkind = 'text'\npath = '" +
      folder / "texts" + "'\n";
  std::vector<std::string> all = {"train.batch=4", "train.accumulate=4", "train.precision=f32"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  RunConfig config;
  const absl::Status status = FromToml(kTinyRecipe + sets, "tiny", all, &config);
  EXPECT_TRUE(status.ok()) << status;
  return config;
}

std::vector<TrainReport> ReportsOf(const std::string& run) {
  std::vector<TrainReport> reports;
  for (const std::string& line : LogOf(run)) {
    reports.push_back(ParseJsonLine(line).value());
  }
  return reports;
}

// The log without the losses by set.
std::vector<std::string> PlainLogOf(const std::string& run) {
  std::vector<std::string> lines;
  for (TrainReport report : ReportsOf(run)) {
    report.text_loss_by_set = report.image_loss_by_set = {};
    report.held_out_text_loss_by_set = report.held_out_image_loss_by_set = {};
    lines.push_back(ToJsonLine(report));
  }
  return lines;
}

TEST(TrainOnMixture, CutAnywhereAndResumedWritesTheLogOfTheUncutRun) {
  const TempFolder folder, uncut;
  const RunConfig config = Mixed(folder, {"train.log_every=4"});
  ASSERT_TRUE(TrainTiny(config, uncut.path()).ok());
  EXPECT_EQ(ReportsOf(uncut.path())[0].sets.size(), 3u);
  for (const int64_t step : {2, 5}) {
    const TempFolder cut;
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.stop_after = step}).ok());
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.resume = true}).ok());
    EXPECT_EQ(LogOf(cut.path()), LogOf(uncut.path())) << step;
    EXPECT_EQ(BytesOf(cut / "checkpoints/step-000006/model.safetensors"),
              BytesOf(uncut / "checkpoints/step-000006/model.safetensors"));
  }
}

TEST(TrainOnMixture, IsEqualOnOneTwoAndFourRanks) {
  const TempFolder folder;
  const RunConfig config = Mixed(folder, {"train.steps=3"});
  for (const int64_t count : {1, 2, 4}) {
    TrainOnRanks(count, config, folder / std::to_string(count));
    EXPECT_EQ(LogOf(folder / std::to_string(count)), LogOf(folder / "1")) << count;
    EXPECT_EQ(
        DifferentFiles(CheckpointsIn(folder / "1"), CheckpointsIn(folder / std::to_string(count))),
        FileNames());
  }
}

TEST(TrainOnMixture, OfOneSetEqualsTheSetAlone) {
  const TempFolder mixed, alone;
  const std::string keys = "shapes.variant = 'stories'\nshow.prompt_weight = 0.5\n";
  RunConfig one, set;
  ASSERT_TRUE(FromToml(kTinyRecipe + ("[[data.mix]]\nname = 'only'\nweight = 0.3\n" + keys), "one",
                       {}, &one)
                  .ok());
  ASSERT_TRUE(FromToml(kTinyRecipe + ("[data]\n" + keys), "set", {}, &set).ok());
  ASSERT_TRUE(TrainTiny(one, mixed.path()).ok());
  ASSERT_TRUE(TrainTiny(set, alone.path()).ok());
  EXPECT_EQ(PlainLogOf(mixed.path()), LogOf(alone.path()));
  EXPECT_EQ(BytesOf(mixed / "checkpoints/step-000006/model.safetensors"),
            BytesOf(alone / "checkpoints/step-000006/model.safetensors"));
  for (const TrainReport& report : ReportsOf(mixed.path())) {
    EXPECT_NEAR(report.text_loss_by_set.at(0), report.text_loss, 1e-5 * report.text_loss);
    EXPECT_NEAR(report.image_loss_by_set.at(0), report.image_loss, 1e-5 * report.image_loss);
  }
}

// Their sums and counts are what the checkpoint keeps.
TEST(TrainOnMixture, LossesByNameAddUpToTheTotalUnderEveryObjective) {
  for (const char* objective : {"head", "copies", "whole", "masked"}) {
    SCOPED_TRACE(objective);
    const TempFolder folder;
    const RunConfig config =
        Mixed(folder, {std::string("model.objective=") + objective, "train.log_every=9"});
    ASSERT_TRUE(TrainTiny(config, folder / "run", {.stop_after = 5}).ok());
    const std::string state = BytesOf(folder / "run/checkpoints/step-000005/state.json");
    const Json json = *ParseJson(state)->Find("interval");
    const auto sum_of = [&](const char* key) {
      double sum = 0;
      for (const Json& number : *json.Find(key)->AsArray()) {
        sum += number.AsNumber();
      }
      return sum;
    };
    for (const std::string kind : {"text", "image"}) {
      const double sum = json.Find(kind + "_sum")->AsNumber();
      EXPECT_NEAR(sum_of(("set_" + kind + "_sum").c_str()), sum, 1e-5 * sum) << kind;
      const double count = json.Find(kind + "_count")->AsNumber();
      EXPECT_NEAR(sum_of(("set_" + kind + "_count").c_str()), count, 1e-5 * count) << kind;
    }
    EXPECT_EQ(json.Find("set_image_sum")->AsArray()->size(), 2u) << "texts have no pictures";
  }
}

TEST(TrainOnMixture, LogsALossThatASetDoesNotHaveAsAbsent) {
  const TempFolder folder;
  ASSERT_TRUE(TrainTiny(Mixed(folder, {"train.steps=1"}), folder / "run").ok());
  const std::string line = BytesOf(folder / "run/log.jsonl");
  const Json log = *ParseJson(line);
  EXPECT_EQ(log.Find("text_loss_by_set")->AsObject()->size(), 3u) << line;
  EXPECT_EQ(log.Find("image_loss_by_set")->AsObject()->size(), 2u) << line;
  EXPECT_EQ(log.Find("image_loss_by_set")->Find("texts"), nullptr);
}

TEST(TrainOnMixture, IsRefusedByTheNameOfASetWithNothingToTrainOn) {
  const TempFolder folder;
  const RunConfig config = Mixed(folder, {"data.mix.texts.test_share=1"});
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "texts: '",
                      std::string(TrainTiny(config, folder / "run").message()));
  const RunConfig short_rows = Mixed(folder, {"data.too_long=skip", "train.row_length=8"});
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "no document of the set",
                      std::string(TrainTiny(short_rows, folder / "run").message()));
}

TEST(TrainOnMixture, CannotBeResumedWithOtherWeights) {
  const TempFolder folder;
  ASSERT_TRUE(TrainTiny(Mixed(folder), folder / "run", {.stop_after = 1}).ok());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "data.mix.0.weight was 2.0, is 3.0",
                      std::string(TrainTiny(Mixed(folder, {"data.mix.shapes.weight=3"}),
                                            folder / "run", {.resume = true})
                                      .message()));
}

}  // namespace
}  // namespace tessera
