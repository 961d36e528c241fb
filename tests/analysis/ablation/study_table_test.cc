#include "analysis/ablation/study_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "run/run_config.h"

namespace tessera {
namespace {

// Two arms of two seeds: one run failed, and one arm is refused.
class StudyTable : public testing::Test {
 protected:
  StudyTable() {
    plan_.study.question = "which is \"better\"?";
    plan_.arms = {{"a", {"model.patch=4"}}, {"b", {"model.patch=8"}}, {"c", {}}};
    for (const int64_t seed : {1, 2}) {
      for (const Choice& arm : plan_.arms) {
        plan_.runs.push_back({arm.name, seed, "", {}});
      }
    }
    const auto finished = [](double accuracy, double bits) {
      return RunOutcome{
          RunStatus::kFinished,
          "",
          {{"scene_accuracy", accuracy}, {"bits_per_subpixel_bound", bits}, {"parameters", 1000}}};
    };
    outcomes_ = {finished(.25, 2),
                 finished(.5, 3),
                 {RunStatus::kRefused, "no, never", {}},
                 finished(.75, 2),
                 {RunStatus::kFailed, "the loss is not finite", {}},
                 {RunStatus::kRefused, "no, never", {}}};
  }

  StudyPlan plan_;
  StudyOutcomes outcomes_;
};

TEST(SpreadOf, IsTheMeanAndTheSampleStandardDeviation) {
  const Spread spread = SpreadOf({2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_EQ(spread.count, 8);
  EXPECT_EQ(spread.mean, 5);
  EXPECT_DOUBLE_EQ(spread.deviation, std::sqrt(32. / 7));
  EXPECT_EQ(SpreadOf({3, 3}).deviation, 0);
  EXPECT_EQ(SpreadOf({3}).mean, 3);
  EXPECT_TRUE(std::isnan(SpreadOf({3}).deviation));
  EXPECT_TRUE(std::isnan(SpreadOf({}).mean));
  EXPECT_EQ(SpreadOf({std::nan(""), 1, 3}).mean, 2);
  EXPECT_EQ(SpreadOf({std::nan(""), 1, 3}).count, 2);
}

TEST_F(StudyTable, ShowsMeansSpreadsAndHowManyRunsTheyAreOf) {
  const TextTable table = ArmTable({plan_, outcomes_});
  using Row = std::vector<std::string>;
  EXPECT_EQ(table.header,  // of the costs, the one that was measured
            (Row{"arm", "n", "bits_per_subpixel", "scene_accuracy", "parameters"}));
  EXPECT_EQ(Row(table.rows[0].begin(), table.rows[0].begin() + 5),
            (Row{"a", "2", "≤ 2", "0.50 ± 0.35", "1000"}));
  EXPECT_EQ(Row(table.rows[1].begin(), table.rows[1].begin() + 5),
            (Row{"b", "1/2", "≤ 3", "0.5", "1000"}));
  EXPECT_EQ(Row(table.rows[2].begin(), table.rows[2].begin() + 5),
            (Row{"c", "0/2", "-", "-", "-"}));
  EXPECT_EQ(ProblemTable({plan_, outcomes_}).rows,
            (std::vector<Row>{{"c", "1", "refused", "no, never"},
                              {"b", "2", "failed", "the loss is not finite"},
                              {"c", "2", "refused", "no, never"}}));
}

TEST_F(StudyTable, ShowsTheReadoutsThatTheStudyNames) {
  plan_.study.readouts = {"parameters", "count"};
  const TextTable table = ArmTable({plan_, outcomes_});
  EXPECT_EQ(table.header[2], "parameters");
  EXPECT_EQ(table.header[3], "count");
  EXPECT_EQ(std::ranges::count(table.header, "parameters"), 1);
}

TEST_F(StudyTable, StandsInColumnsByWhatIsSeen) {
  EXPECT_EQ(PlainText({{"arm", "x"}, {{"long name", "1 ± 2"}, {"b", "3"}}}),
            "arm        x\nlong name  1 ± 2\nb          3\n");
}

TEST_F(StudyTable, IsWrittenAsCsvWithARowARun) {
  EXPECT_EQ(StudyCsv({plan_, outcomes_}),
            "arm,seed,status,reason,scene_accuracy,bits_per_subpixel_bound,parameters\n"
            "a,1,finished,,0.25,2,1000\n"
            "b,1,finished,,0.5,3,1000\n"
            "c,1,refused,\"no, never\",,,\n"
            "a,2,finished,,0.75,2,1000\n"
            "b,2,failed,the loss is not finite,,,\n"
            "c,2,refused,\"no, never\",,,\n");
}

}  // namespace
}  // namespace tessera
