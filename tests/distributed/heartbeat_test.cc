#include "distributed/heartbeat.h"

#include <gtest/gtest.h>

#include <future>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

namespace tessera {
namespace {

constexpr HeartbeatTiming kFast{.every = std::chrono::milliseconds(1), .patience = 50};

TEST(Heartbeat, NamesTheNextRankIfThatGivesNoSign) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::promise<int64_t> lost;
  const Heartbeat mine(store, 2, 3, kFast, [&](int64_t rank) { lost.set_value(rank); });
  EXPECT_EQ(lost.get_future().get(), 0);
}

TEST(Heartbeat, IsQuietWhileTheOthersBeat) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::atomic<int64_t> losses = 0;
  const auto count = [&](int64_t) { ++losses; };
  const Heartbeat first(store, 0, 2, kFast, count);
  const Heartbeat second(store, 1, 2, kFast, count);
  // Each beat of a rank comes behind one of its looks at the other.
  while (store->add("beat/0", 0) < 3 * kFast.patience ||
         store->add("beat/1", 0) < 3 * kFast.patience) {
    std::this_thread::yield();
  }
  EXPECT_EQ(losses, 0);
}

}  // namespace
}  // namespace tessera
