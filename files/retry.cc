#include "files/retry.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ops/hash.h"

namespace tessera {

RetryHooks RetryHooks::Real() {
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  const auto sleep = [](double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  };
  return {now, sleep, IsTransient};
}

bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsAborted(status);
}

Attempts::Attempts(const RetryPolicy& policy, const RetryHooks& hooks)
    : policy_(policy), hooks_(hooks), start_(hooks.now()) {}

bool Attempts::Again(const absl::Status& failure) {
  failures_.push_back(failure);
  if (!hooks_.transient(failure) || std::ssize(failures_) >= policy_.tries) {
    return false;
  }
  const double wait = NextWait();
  if (hooks_.now() + wait > start_ + policy_.deadline) {
    return false;
  }
  hooks_.sleep(wait);
  return true;
}

double Attempts::NextWait() const {
  const size_t waited = failures_.size() - 1;
  const double longest =
      std::min(policy_.longest_wait, policy_.first_wait * std::pow(policy_.factor, waited));
  const double random =
      UnitInterval(MixBits(static_cast<uint64_t>(policy_.seed) ^ MixBits(waited)));
  return longest * (1 - policy_.jitter * random);
}

absl::Status Attempts::Failure() const {
  const absl::Status& last = failures_.back();
  if (failures_.size() == 1) {
    return last;
  }
  std::string history;
  for (size_t i = 0; i + 1 < failures_.size(); ++i) {
    if (failures_[i].message() != last.message()) {
      absl::StrAppend(&history, "; try ", i + 1, ": ", failures_[i].message());
    }
  }
  return absl::Status(last.code(),
                      absl::StrFormat("%s (gave up after %d tries in %.2f s%s)", last.message(),
                                      failures_.size(), hooks_.now() - start_, history));
}

}  // namespace tessera
