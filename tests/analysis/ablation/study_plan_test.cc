#include "analysis/ablation/study_plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "run/run_config.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

class Plan : public testing::Test {
 protected:
  Plan() { folder_.Write("recipe.toml", "seed = 7\n[model]\npatch = 4\n"); }

  absl::StatusOr<StudyPlan> Of(const std::vector<std::string>& grid) const {
    StudyConfig study;
    study.recipe = folder_ / "recipe.toml";
    study.grid = grid;
    return PlanStudy(study, Files());
  }

  void ExpectRefused(const std::vector<std::string>& grid, const std::string& part) const {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, std::string(Of(grid).status().message()));
  }

  TempFolder folder_;
};

TEST_F(Plan, RunsEveryArmWithTheFirstSeedBeforeTheSecond) {
  const auto plan = Of({"model.head.kind=gmm,mse", "seed=3,1", "model.width=64,128"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->runs.size(), 8);
  EXPECT_EQ(plan->runs[0].name(), "kind=gmm,width=64,seed=3");
  EXPECT_EQ(plan->runs[1].name(), "kind=gmm,width=128,seed=3");
  EXPECT_EQ(plan->runs[7].name(), "kind=mse,width=128,seed=1");
  EXPECT_EQ(plan->runs[7].config.seed, 1);
  EXPECT_EQ(plan->runs[7].config.model.width, 128);
  EXPECT_EQ(plan->runs[7].config.model.head.kind, HeadKind::kMse);
  EXPECT_EQ(plan->runs[7].config.model.patch, 4) << "of the recipe";
  EXPECT_EQ(Of({})->runs[0].name(), "recipe,seed=7");
}

TEST_F(Plan, TellsSettingsThatDoNotGoTogetherFromSettingsThatCannotBeRead) {
  const auto plan =
      Of({"fine: model.head.kind=gmm | idle: model.head.kind=mse; "
          "model.head.gmm.components=4 | odd: model.width=10; model.heads=4"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->runs[0].problem, "");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "model.head.gmm.components has no effect",
                      plan->runs[1].problem);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "width must be an even multiple of heads",
                      plan->runs[2].problem);
  ExpectRefused({"model.patch=4,8", "model.head.knid=gmm,mse"}, "did you mean model.head.kind?");
  ExpectRefused({"model.head.kind=gmm,mes"}, "did you mean \"mse\"?");
  ExpectRefused({"model.patch=4,half"}, "must be of type integer");
  ExpectRefused({"model.heads=5,7"}, "width must be an even multiple of heads");
  ExpectRefused({"seed=1,x"}, "seeds are integers, each named once");
  ExpectRefused({"seed=1,1"}, "seeds are integers, each named once");
}

TEST_F(Plan, ReadsAStudyWhoseRecipeLiesBesideIt) {
  folder_.Write("studies/heads.toml", R"(
question = "which?"
recipe = "../recipe.toml"
seeds = [1, 2]
settings = ["train.steps=5"]
arms = ["gmm: model.head.kind=gmm", "plain:"]
)");
  const auto study = ReadStudy(folder_ / "studies/heads.toml", Files());
  ASSERT_TRUE(study.ok()) << study.status();
  const auto plan = PlanStudy(*study, Files());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->runs[3].name(), "plain,seed=2");
  EXPECT_EQ(plan->runs[2].config.model.head.kind, HeadKind::kGmm);
  EXPECT_EQ(plan->runs[3].config.train.steps, 5);
  folder_.Write("bad.toml", "recipe = \"recipe.toml\"\nread_outs = []\n");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "did you mean readouts?",
                      std::string(ReadStudy(folder_ / "bad.toml", Files()).status().message()));
}

TEST(Studies, OfTheProjectHaveAQuestionAPredictionAndNoRunThatIsRefused) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(TESSERA_SOURCE_DIR "/recipes/studies")) {
    const auto study = ReadStudy(entry.path(), Files());
    ASSERT_TRUE(study.ok()) << study.status();
    EXPECT_FALSE(study->question.empty() || study->prediction.empty()) << entry.path();
    const auto plan = PlanStudy(*study, Files());
    ASSERT_TRUE(plan.ok()) << plan.status();
    for (const PlannedRun& run : plan->runs) {
      EXPECT_EQ(run.problem, "") << entry.path() << ": " << run.name();
    }
    ++count;
  }
  EXPECT_GE(count, 1);
}

}  // namespace
}  // namespace tessera
