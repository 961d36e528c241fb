// Carrying a study out: each run is trained and measured by the commands `train` and `eval` of this
// very program. What is done stays done, whenever the study is cut.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/ablation/study_plan.h"
#include "analysis/report/run_log.h"
#include "distributed/ranks.h"
#include "files/files.h"

namespace tessera {

enum class RunStatus { kWaiting, kFinished, kRefused, kFailed };
constexpr auto EnumNames(RunStatus) {
  return std::array{"waiting", "finished", "refused", "failed"};
}

struct RunOutcome {
  RunStatus status = RunStatus::kWaiting;
  std::string reason;  // of a run that was refused or failed
  Metrics metrics;     // what `eval` measured, training_seconds and peak_memory_mb
};

// One a planned run, in order.
using StudyOutcomes = std::vector<RunOutcome>;

struct StudyHooks {
  std::string program = "/proc/self/exe";
  std::function<void(const std::string&)> on_line = {};      // what happened
  std::function<void(const std::string&)> on_progress = {};  // what is happening; may be shown over
  std::function<absl::Status(const StudyOutcomes&)> on_run = {};  // a run has ended
  const std::atomic<bool>* stop = nullptr;  // set: the run at work saves itself, and the study ends
  Ranks ranks = {};  // each carries out every so manieth run; those of others stay waiting
};

// "<folder>/runs/<name>": the run's folder, as `train` leaves it, with eval.json and measures.json.
std::string RunFolder(const std::string& folder, const PlannedRun& run);

// Runs that failed are tried again. An error is one of the study, such as a folder that holds a run
// of the same name and other settings.
absl::StatusOr<StudyOutcomes> RunStudy(const StudyPlan& plan, const std::string& folder,
                                       const std::shared_ptr<const Files>& files,
                                       const StudyHooks& hooks);

}  // namespace tessera
