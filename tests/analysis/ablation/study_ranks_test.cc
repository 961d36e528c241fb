#include "analysis/ablation/study_ranks.h"

#include "tests/distributed/fork_ranks.h"

namespace tessera {
namespace {

// What rank `rank` of two knows of a run that both of them plan.
RunOutcome Known(int64_t run, int64_t rank) {
  if (run % 2 != rank) {
    return {};
  }
  return run == 1 ? RunOutcome{RunStatus::kFailed, "no file 'a'", {}}
                  : RunOutcome{RunStatus::kFinished, "", {{"loss", .1 * run}, {"none", NAN}}};
}

TEST(JoinOutcomes, TakesEachRunFromTheRankThatCarriedItOut) {
  OnRanks(2, [](const Ranks& ranks) {
    StudyOutcomes mine;
    for (int64_t run = 0; run < 3; ++run) {
      mine.push_back(Known(run, ranks.rank()));
    }
    const StudyOutcomes all = JoinOutcomes(mine, ranks);
    ASSERT_EQ(all.size(), 3u);
    for (int64_t run = 0; run < 3; ++run) {
      const RunOutcome expected = Known(run, run % 2);
      EXPECT_EQ(all[run].status, expected.status);
      EXPECT_EQ(all[run].reason, expected.reason);
      ASSERT_EQ(all[run].metrics.size(), expected.metrics.size());
    }
    EXPECT_EQ(all[2].metrics[0], std::pair(std::string("loss"), .2));
    EXPECT_TRUE(std::isnan(all[2].metrics[1].second));
  });
}

}  // namespace
}  // namespace tessera
