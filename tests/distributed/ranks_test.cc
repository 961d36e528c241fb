#include "distributed/ranks.h"

#include <ATen/Functions.h>
#include <signal.h>

#include "tests/distributed/fork_ranks.h"

namespace tessera {
namespace {

// A row for each rank up to this one: [rank, 2].
Tensor RowsOf(int64_t rank) { return at::full({rank, 2}, rank, torch::kLong); }

TEST(Ranks, GatherRowsOfDifferentCountsInTheOrderOfRanks) {
  for (const int64_t count : {1, 2, 4}) {
    OnRanks(count, [count](const Ranks& ranks) {
      std::vector<Tensor> expected;
      for (int64_t rank = 0; rank < count; ++rank) {
        expected.push_back(RowsOf(rank));
      }
      EXPECT_TRUE(torch::equal(ranks.Gather(RowsOf(ranks.rank())), at::cat(expected)));
    });
  }
}

TEST(Ranks, GatherTensorsOfAnyTypeToTheBit) {
  OnRanks(2, [](const Ranks& ranks) {
    for (const auto type : {torch::kBFloat16, torch::kFloat64, torch::kBool}) {
      const Tensor both = at::arange(6).view({2, 3}).to(type);
      EXPECT_TRUE(torch::equal(ranks.GatherAlike(both[ranks.rank()]), both));
    }
  });
}

TEST(Ranks, GatherTextsThatMayBeEmpty) {
  OnRanks(3, [](const Ranks& ranks) {
    const std::vector<std::string> texts = {"one", "", "three\n"};
    EXPECT_EQ(ranks.Gather(texts[ranks.rank()]), texts);
    EXPECT_EQ(ranks.Gather(std::string()), std::vector<std::string>(3));
  });
}

TEST(Ranks, GetTheTensorOfOneOfThem) {
  OnRanks(3, [](const Ranks& ranks) {
    const Tensor mine = at::full({2}, static_cast<double>(ranks.rank()));
    EXPECT_EQ(ranks.From(1, mine)[0].item<double>(), 1);
    EXPECT_EQ(mine[0].item<int64_t>(), ranks.rank()) << "what was given is left as it is";
  });
}

TEST(Ranks, LearnOfAnErrorAndOfTheRankThatHadIt) {
  OnRanks(3, [](const Ranks& ranks) {
    EXPECT_TRUE(ranks.Agree(absl::OkStatus()).ok());
    const absl::Status one =
        ranks.Agree(ranks.rank() == 1 ? absl::NotFoundError("no such file") : absl::OkStatus());
    EXPECT_TRUE(absl::IsNotFound(one));
    EXPECT_TRUE(std::string(one.message()).starts_with("rank 1 on ")) << one.message();
    EXPECT_TRUE(std::string(one.message()).ends_with(": no such file")) << one.message();
    EXPECT_EQ(ranks.Agree(absl::NotFoundError("wrong recipe")).message(), "wrong recipe");
  });
}

TEST(Ranks, ShareOutEachThingOnce) {
  for (const int64_t count : {1, 3, 4}) {
    OnRanks(count, [](const Ranks& ranks) {
      const Ranks::Share share = ranks.ShareOf(10);
      const Tensor all = ranks.Gather(at::arange(share.first, share.last));
      EXPECT_TRUE(torch::equal(all, at::arange(10)));
    });
  }
}

// The connection of a process that was killed breaks at once.
TEST(Ranks, ThrowWhenOneOfThemIsKilled) {
  const TempFolder folder;
  const pid_t killed = ForkRank(1, 2, folder / "store", [](const Ranks& ranks) {
    ranks.Gather(std::string("here"));
    kill(getpid(), SIGKILL);
  });
  const pid_t left = ForkRank(0, 2, folder / "store", [](const Ranks& ranks) {
    ranks.Gather(std::string("here"));
    EXPECT_THROW(ranks.Gather(std::string("and here")), RankLost);
  });
  int status = 0;
  waitpid(killed, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  waitpid(left, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tessera
