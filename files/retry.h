// Trying again what fails for a passing reason: one policy for every file operation. Tests hand in
// other policies, and hooks that do not sleep.
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
  int64_t tries = 5;         // of an operation before its failure counts; 1 never repeats
  double first_wait = 0.05;  // before the second try, in seconds
  double factor = 2;         // by which each wait is longer than the one before
  double longest_wait = 5;   // between two tries, in seconds
  double jitter = 0.5;       // share of each wait that is random, 0 to 1
  double deadline = 60;      // seconds after which no further try starts
  int64_t seed = 0;          // decides the jitter
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

  // The last failure, with its code; its message holds the earlier ones too.
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
