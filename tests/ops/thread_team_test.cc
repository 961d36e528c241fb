#include "ops/thread_team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tessera {
namespace {

using Counts = std::vector<std::atomic<int>>;

// Adds one to the count of each item.
void CountEach(int64_t threads, Counts& counts) {
  ThreadTeam::Shared().Run(threads, std::ssize(counts), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      ++counts[i];
    }
  });
}

void ExpectAll(const Counts& counts, int expected) {
  for (const auto& count : counts) {
    ASSERT_EQ(count.load(), expected);
  }
}

TEST(ThreadTeam, DoesEachItemOnceWhateverTheNumberOfThreads) {
  for (const int64_t threads : {1, 2, 3, 8, 100}) {
    for (const size_t items : {0, 1, 2, 7, 33}) {
      Counts counts(items);
      for (int job = 1; job <= 300; ++job) {
        CountEach(threads, counts);
        ExpectAll(counts, job);
      }
    }
  }
}

TEST(ThreadTeam, DoesACallFromInsideAnother) {
  Counts inner(64);
  ThreadTeam::Shared().Run(2, 8, [&](int64_t first, int64_t last) {
    for (; first < last; ++first) {
      CountEach(2, inner);
    }
  });
  ExpectAll(inner, 8);
}

TEST(ThreadTeam, ServesCallersAtOnce) {
  Counts first(16), second(16);
  const auto call = [](Counts& counts) {
    for (int job = 0; job < 500; ++job) {
      CountEach(2, counts);
    }
  };
  std::thread other([&] { call(second); });
  call(first);
  other.join();
  ExpectAll(first, 500);
  ExpectAll(second, 500);
}

}  // namespace
}  // namespace tessera
