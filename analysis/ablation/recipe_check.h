// Holding a recipe or a study against its [expect] section. It is trained from nothing and measured
// by the commands train, eval and ablate of this very program, each in a process of its own.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "files/files.h"
#include "run/expectation.h"

namespace tessera {

struct CheckRequest {
  std::string path;                         // a recipe or a study
  std::vector<std::string> overrides = {};  // path=value, for all its runs
  std::string folder = {};  // where runs and measures go; an earlier check is replaced
  bool cheap = false;       // takes the words `cheap` in place of `with`
  int64_t count = 0;  // documents and pictures of each measure; 0: as many as the command takes
};

struct CheckHooks {
  std::string program = "/proc/self/exe";
  std::function<void(const std::string&)> on_progress = {};  // the last line of the process at work
  const std::atomic<bool>* stop = nullptr;  // set: the process at work gets one SIGTERM
};

struct Comparison {
  Expectation expected;
  double measured;  // NaN if it was not measured

  bool holds() const { return expected.Holds(measured); }
};

struct CheckResult {
  std::vector<Comparison> comparisons;
  std::string unknown;  // a sentence on the first name that no run measured; empty if there is none
};

// Reads [expect]. A file without bounds is refused, and so are names that cannot be measured: arms
// that a study does not have, or arms of a recipe.
absl::StatusOr<ExpectConfig> ReadExpectations(const std::string& path, const Files& files);

absl::StatusOr<CheckResult> CheckRecipe(const CheckRequest& request, const Files& files,
                                        const CheckHooks& hooks);

}  // namespace tessera
