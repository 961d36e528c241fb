#include "run/run_record.h"

#include <gtest/gtest.h>

#include "config/status.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

absl::StatusOr<JsonArray> Trainings(const TempFolder& folder) {
  ASSIGN_OR_RETURN(const std::string text, Files().Read(folder / "run.json"));
  ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  return *json.Find("trainings")->AsArray();
}

TEST(RunRecord, KeepsEveryTrainingAlsoOneThatWasKilled) {
  const TempFolder folder;
  const Files files;
  ASSERT_TRUE(RunRecord::Begin(folder.path(), {"tessera", "train"}, 0, files).ok());
  auto second = RunRecord::Begin(folder.path(), {"tessera", "train", "--resume"}, 40, files);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(second->End(60, "finished", files).ok());
  const auto trainings = Trainings(folder);
  ASSERT_TRUE(trainings.ok()) << trainings.status();
  ASSERT_EQ(trainings->size(), 2);
  EXPECT_EQ(trainings->at(0).Find("end"), nullptr);
  EXPECT_EQ(trainings->at(1).Find("first_step")->AsNumber(), 40);
  EXPECT_EQ(trainings->at(1).Find("last_step")->AsNumber(), 60);
  EXPECT_EQ(*trainings->at(1).Find("result")->AsString(), "finished");
  EXPECT_EQ(trainings->at(1).Find("command")->AsArray()->size(), 3);
  for (const char* fact : {"version", "commit", "libtorch", "processor", "instruction_sets",
                           "threads", "host", "start", "end"}) {
    EXPECT_NE(trainings->at(1).Find(fact), nullptr) << fact;
  }
  EXPECT_EQ(trainings->at(1).Find("start")->AsString()->size(),
            std::string("2026-01-01T00:00:00Z").size());
}

TEST(RunRecord, IsNotWrittenOverWhatItCannotRead) {
  const TempFolder folder;
  folder.Write("run.json", "[]");
  const auto record = RunRecord::Begin(folder.path(), {}, 0, Files());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "holds no list of trainings; move it away",
                      std::string(record.status().message()));
  EXPECT_EQ(Files().Read(folder / "run.json").value(), "[]");
}

}  // namespace
}  // namespace tessera
