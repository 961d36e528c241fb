// Ranks as processes that are forked from the test, which start in no time and speak over Gloo.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <vector>

#include "distributed/process_groups.h"
#include "distributed/ranks.h"
#include "tests/files/temp_folder.h"

namespace tessera {

inline constexpr unsigned kMostSeconds = 240;  // after which a rank that waits for ever is ended

// What a rank does; its failed expectations are those of the test.
using RankWork = std::function<void(const Ranks&)>;

// Starts one rank of `count`, which ends when its work does.
inline pid_t ForkRank(int64_t rank, int64_t count, const std::string& store, const RankWork& work) {
  fflush(stdout);  // or both processes write what it holds
  const pid_t child = fork();
  if (child != 0) {
    return child;
  }
  alarm(kMostSeconds);
  try {
    const auto file = c10::make_intrusive<c10d::FileStore>(store, static_cast<int>(count));
    work(Ranks(Connect(file, rank, count, "127.0.0.1")));
  } catch (const std::exception& error) {
    ADD_FAILURE() << "rank " << rank << ": " << error.what();
  }
  fflush(stdout);
  _exit(testing::Test::HasFailure() ? 1 : 0);
}

// Does the work on all ranks of `count`, and waits for them. One rank alone does it here.
inline void OnRanks(int64_t count, const RankWork& work) {
  if (count == 1) {
    work(Ranks());
    return;
  }
  const TempFolder folder;
  std::vector<pid_t> children;
  for (int64_t rank = 0; rank < count; ++rank) {
    children.push_back(ForkRank(rank, count, folder / "store", work));
  }
  for (int64_t rank = 0; rank < count; ++rank) {
    int status = 0;
    waitpid(children[rank], &status, 0);
    EXPECT_EQ(status, 0) << "rank " << rank << " of " << count;
  }
}

}  // namespace tessera
