#include "files/retry.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>

namespace tessera {
namespace {

// Time passes only by sleeping.
struct FakeClock {
  double time = 0;
  std::vector<double> sleeps;

  RetryHooks Hooks() {
    return {[this] { return time; },
            [this](double seconds) {
              sleeps.push_back(seconds);
              time += seconds;
            },
            IsTransient};
  }
};

// Fails `failures` times, then succeeds.
struct Scripted {
  int failures = 0;
  absl::Status failure = absl::UnavailableError("busy");
  int calls = 0;

  absl::Status operator()() { return ++calls <= failures ? failure : absl::OkStatus(); }
};

constexpr int kAlways = 1000;

RetryPolicy NoJitter() {
  RetryPolicy policy;
  policy.jitter = 0;
  return policy;
}

TEST(Retry, CallsOnceAndNeverSleepsWhenTheFirstTrySucceeds) {
  FakeClock clock;
  Scripted attempt;
  const RetryHooks hooks = clock.Hooks();
  EXPECT_TRUE(Retry(NoJitter(), hooks, std::ref(attempt)).ok());
  EXPECT_EQ(attempt.calls, 1);
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST(Retry, SleepsOnceForEachFailureBeforeTheSuccess) {
  for (int failures = 1; failures < 5; ++failures) {
    FakeClock clock;
    Scripted attempt{.failures = failures};
    EXPECT_TRUE(Retry(NoJitter(), clock.Hooks(), std::ref(attempt)).ok());
    EXPECT_EQ(attempt.calls, failures + 1);
    EXPECT_EQ(clock.sleeps.size(), static_cast<size_t>(failures));
  }
}

TEST(Retry, DoesNotSleepAfterTheLastFailure) {
  FakeClock clock;
  Scripted attempt{.failures = kAlways};
  EXPECT_FALSE(Retry(NoJitter(), clock.Hooks(), std::ref(attempt)).ok());
  EXPECT_EQ(attempt.calls, 5);
  EXPECT_EQ(clock.sleeps.size(), 4u);
}

TEST(Retry, ReturnsTheLastFailureWithItsHistory) {
  FakeClock clock;
  const std::vector<absl::Status> script = {
      absl::UnavailableError("first"), absl::AbortedError("second"), absl::NotFoundError("third")};
  size_t calls = 0;
  const absl::Status status =
      Retry(NoJitter(), clock.Hooks(), [&]() -> absl::Status { return script[calls++]; });
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "third (gave up after 3 tries in 0.15 s; try 1: first; try 2: second)");
}

TEST(Retry, TriesOnceWhatIsNotTransient) {
  FakeClock clock;
  Scripted attempt{.failures = kAlways, .failure = absl::NotFoundError("gone")};
  EXPECT_EQ(Retry(NoJitter(), clock.Hooks(), std::ref(attempt)), absl::NotFoundError("gone"));
  EXPECT_EQ(attempt.calls, 1);
}

TEST(Retry, AsksTheGivenPredicateWhatIsTransient) {
  FakeClock clock;
  RetryHooks hooks = clock.Hooks();
  hooks.transient = [](const absl::Status& status) { return absl::IsNotFound(status); };
  Scripted attempt{.failures = 2, .failure = absl::NotFoundError("not yet")};
  EXPECT_TRUE(Retry(NoJitter(), hooks, std::ref(attempt)).ok());
}

TEST(Retry, StartsNoTryAfterTheDeadline) {
  FakeClock clock;
  RetryPolicy policy = NoJitter();
  policy.tries = kAlways;
  policy.first_wait = policy.longest_wait = 1;
  policy.deadline = 3.5;
  Scripted attempt{.failures = kAlways};
  EXPECT_FALSE(Retry(policy, clock.Hooks(), std::ref(attempt)).ok());
  EXPECT_EQ(attempt.calls, 4);  // at 0, 1, 2 and 3 seconds
  EXPECT_EQ(clock.time, 3);
}

TEST(Retry, WaitsExponentiallyUpToTheCap) {
  FakeClock clock;
  RetryPolicy policy = NoJitter();
  policy.tries = 7;
  policy.first_wait = 0.25;
  policy.longest_wait = 3;
  Scripted attempt{.failures = kAlways};
  EXPECT_FALSE(Retry(policy, clock.Hooks(), std::ref(attempt)).ok());
  EXPECT_EQ(clock.sleeps, (std::vector<double>{0.25, 0.5, 1, 2, 3, 3}));
}

TEST(Retry, JitterShortensWaitsByAtMostItsShareAndRepeatsWithItsSeed) {
  const auto sleeps = [](int64_t seed) {
    FakeClock clock;
    RetryPolicy policy;
    policy.tries = 200;
    policy.first_wait = policy.longest_wait = 0.1;
    policy.deadline = 1e9;
    policy.jitter = 0.25;
    policy.seed = seed;
    Scripted attempt{.failures = kAlways};
    EXPECT_FALSE(Retry(policy, clock.Hooks(), std::ref(attempt)).ok());
    return clock.sleeps;
  };
  const std::vector<double> waits = sleeps(1);
  for (const double wait : waits) {
    EXPECT_GT(wait, 0.075 - 1e-12);
    EXPECT_LE(wait, 0.1);
  }
  EXPECT_NEAR(std::accumulate(waits.begin(), waits.end(), 0.) / std::ssize(waits), 0.0875, 0.002);
  EXPECT_EQ(waits, sleeps(1));
  EXPECT_NE(waits, sleeps(2));
}

TEST(Retry, ReturnsMoveOnlyValues) {
  FakeClock clock;
  Scripted attempt{.failures = 1};
  const auto result =
      Retry(NoJitter(), clock.Hooks(), [&]() -> absl::StatusOr<std::unique_ptr<int>> {
        if (absl::Status status = attempt(); !status.ok()) {
          return status;
        }
        return std::make_unique<int>(7);
      });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(**result, 7);
}

TEST(Retry, NestedRetriesMultiply) {
  FakeClock clock;
  RetryPolicy policy = NoJitter();
  policy.tries = 3;
  Scripted attempt{.failures = kAlways};
  const RetryHooks hooks = clock.Hooks();
  EXPECT_FALSE(Retry(policy, hooks, [&] { return Retry(policy, hooks, std::ref(attempt)); }).ok());
  EXPECT_EQ(attempt.calls, 9);
}

TEST(Retry, TwoUsesOfOnePolicyShareNothing) {
  FakeClock clock;
  const RetryPolicy policy = NoJitter();
  const RetryHooks hooks = clock.Hooks();
  for (int use = 0; use < 2; ++use) {
    Scripted attempt{.failures = 4};
    EXPECT_TRUE(Retry(policy, hooks, std::ref(attempt)).ok());
    EXPECT_EQ(attempt.calls, 5);
  }
}

}  // namespace
}  // namespace tessera
