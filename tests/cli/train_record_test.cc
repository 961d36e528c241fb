// run.json and log.tfevents, which `tessera train` writes beside its log.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "files/event_file.h"
#include "files/json.h"
#include "tests/cli/process.h"

namespace tessera {
namespace {

TEST(TrainRecord, KeepsBothTrainingsOfAResumedRunAndEachStepOnce) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const std::string often = "train.log_every=1 train.sample_every=2 ";
  ASSERT_EQ(Tessera(folder, "train recipe.toml --out run train.steps=3 " + often).exit_code, 0);
  const Outcome resumed =
      Tessera(folder, "train recipe.toml --out run --resume train.steps=5 " + often);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  const auto record = ParseJson(Contents(folder / "run/run.json"));
  ASSERT_TRUE(record.ok()) << record.status();
  const JsonArray& trainings = *record->Find("trainings")->AsArray();
  ASSERT_EQ(trainings.size(), 2);
  EXPECT_EQ(trainings[0].Find("last_step")->AsNumber(), 3);
  EXPECT_EQ(trainings[1].Find("first_step")->AsNumber(), 3);
  EXPECT_EQ(*trainings[1].Find("result")->AsString(), "finished");
  EXPECT_EQ(*trainings[1].Find("command")->AsArray()->at(1).AsString(), "train");
  std::vector<int64_t> numbers, sheets;
  const std::string file = Contents(folder / "run/log.tfevents");
  for (const StoredEvent& event : ReadEvents(file)) {
    if (std::ranges::count(event.tags, "image_loss") > 0) {
      numbers.push_back(event.step);
    } else if (std::ranges::count(event.tags, "samples") > 0) {
      sheets.push_back(event.step);
    }
  }
  EXPECT_EQ(numbers, (std::vector<int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(sheets, (std::vector<int64_t>{2, 3, 4, 5}));
}

TEST(TrainRecord, HasNoEventsIfTheKeySaysSo) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  ASSERT_EQ(Tessera(folder, "train recipe.toml --out run train.tensorboard=false").exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "run/log.tfevents"));
  EXPECT_TRUE(std::filesystem::exists(folder / "run/run.json"));
}

}  // namespace
}  // namespace tessera
