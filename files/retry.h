// Trying again what fails for a passing reason: one policy for every file operation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tessera {

struct RetryPolicy {
  int64_t tries = 5;
  double first_wait = 0.05;
  double factor = 2;
  double longest_wait = 5;
  double jitter = 0.5;
  double deadline = 60;
  int64_t seed = 0;

  bool operator==(const RetryPolicy&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool again = self.tries > 1;
    visit("tries", self.tries, "of a file operation before its failure counts; 1 never repeats");
    visit("first_wait", self.first_wait, "before the second try, in seconds", again);
    visit("factor", self.factor, "by which each wait is longer than the one before", again);
    visit("longest_wait", self.longest_wait, "between two tries, in seconds", again);
    visit("jitter", self.jitter, "share of each wait that is random, 0 to 1", again);
    visit("deadline", self.deadline, "in seconds after which no further try starts", again);
    visit("seed", self.seed, "of the jitter", again && self.jitter > 0);
  }
};

// Where time comes from and goes to, and what deserves another try. Tests put their own in.
struct RetryHooks {
  std::function<double()> now;                         // seconds, monotonic
  std::function<void(double)> sleep;                   // seconds
  std::function<bool(const absl::Status&)> transient;  // worth another try
  static RetryHooks Real();                            // the machine's clock, IsTransient
};

// Unavailable (the file system says "not now") and Aborted (it lost a race). Everything else is
// final.
bool IsTransient(const absl::Status& status);

// The failures of one operation so far.
class Attempts {
 public:
  Attempts(const RetryPolicy& policy, const RetryHooks& hooks);

  // Records a failure. True, after having waited, when another try is due.
  bool Again(const absl::Status& failure);

  // The last failure, with its code; its message tells the earlier ones too.
  absl::Status Failure() const;

 private:
  double NextWait() const;

  const RetryPolicy& policy_;
  const RetryHooks& hooks_;
  double start_;
  std::vector<absl::Status> failures_;
};

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <class T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Calls attempt(), which returns Status or StatusOr, until it succeeds, fails for good, or the
// policy is exhausted. An attempt starts from nothing: what a failed one did half must not matter.
template <class Attempt>
auto Retry(const RetryPolicy& policy, const RetryHooks& hooks, Attempt&& attempt)
    -> decltype(attempt()) {
  Attempts attempts(policy, hooks);
  while (true) {
    auto result = attempt();
    if (result.ok()) {
      return result;
    }
    if (!attempts.Again(StatusOf(result))) {
      return attempts.Failure();
    }
  }
}

}  // namespace tessera
