#include "analysis/ablation/study_runs.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/ablation/child_process.h"
#include "config/difference.h"
#include "config/status.h"
#include "train/schedule.h"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kMeasures[] = "measures.json";  // of a finished run
constexpr char kTrained[] = "trained.json";    // of one that is trained but not yet measured

// Whether the folder's run, if there is one, is the planned one.
absl::Status CheckSettings(const PlannedRun& run, const std::string& path, const Files& files) {
  const std::string config = JoinPath(path, "config.toml");
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(config));
  if (kind == PathKind::kNone) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string toml, files.Read(config));
  RunConfig begun;
  RETURN_IF_ERROR(FromDump(toml, config, {}, &begun));
  const std::vector<Difference> differences = Differences(begun, run.config);
  return differences.empty()
             ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(
                   "'", path, "' was begun with other settings: ", DifferencesText(differences),
                   "; name another --out, or remove that folder"));
}

class Runner {
 public:
  Runner(const StudyPlan& plan, const std::string& folder, const Files& files,
         const StudyHooks& hooks)
      : plan_(plan), folder_(folder), files_(files), hooks_(hooks) {}

  absl::StatusOr<StudyOutcomes> Run() {
    RETURN_IF_ERROR(FindOutcomes());
    const auto first = static_cast<size_t>(hooks_.ranks.rank());
    for (size_t i = first; i < plan_.runs.size() && !Stopped(); i += hooks_.ranks.size()) {
      if (outcomes_[i].status == RunStatus::kWaiting) {
        RETURN_IF_ERROR(RunOne(i));
      }
    }
    return outcomes_;
  }

 private:
  bool Stopped() const { return hooks_.stop != nullptr && hooks_.stop->load(); }

  void Say(const std::string& line) const {
    if (hooks_.on_line) {
      hooks_.on_line(line);
    }
  }

  // What earlier calls have done, and what is refused.
  absl::Status FindOutcomes() {
    for (const PlannedRun& run : plan_.runs) {
      const std::string path = RunFolder(folder_, run);
      RunOutcome outcome;
      if (!run.problem.empty()) {
        outcome = {RunStatus::kRefused, run.problem, {}};
        Say(absl::StrCat(run.name(), ": refused: ", run.problem));
      } else {
        RETURN_IF_ERROR(CheckSettings(run, path, files_));
        ASSIGN_OR_RETURN(outcome.metrics, ReadMetrics(path, files_, kMeasures));
        const bool same = ValueOf(outcome.metrics, "count") == plan_.study.count;
        outcome.status = same ? RunStatus::kFinished : RunStatus::kWaiting;
      }
      outcomes_.push_back(std::move(outcome));
    }
    waiting_ = std::ranges::count(outcomes_, RunStatus::kWaiting, &RunOutcome::status);
    if (waiting_ < std::ssize(outcomes_)) {
      Say(absl::StrFormat("%d runs, %d to do", outcomes_.size(), waiting_));
    }
    return absl::OkStatus();
  }

  absl::Status RunOne(size_t index) {
    const PlannedRun& run = plan_.runs[index];
    const std::string path = RunFolder(folder_, run);
    place_ = absl::StrFormat("[%d of %d] %s", index + 1, plan_.runs.size(), run.name());
    RETURN_IF_ERROR(files_.MakeFolder(path));
    RETURN_IF_ERROR(files_.Write(JoinPath(path, "config.toml"), ToToml(run.config)));
    Say(absl::StrCat(place_, ": begins", TimeLeft(0)));
    ASSIGN_OR_RETURN(std::string problem, Train(run, path));
    if (problem.empty() && !Stopped()) {
      ASSIGN_OR_RETURN(problem, Evaluate(path));
    }
    if (Stopped()) {
      return absl::OkStatus();
    }
    RunOutcome& outcome = outcomes_[index];
    if (problem.empty()) {
      outcome.status = RunStatus::kFinished;
      ASSIGN_OR_RETURN(outcome.metrics, Measures(path));
      RETURN_IF_ERROR(WriteMetrics(JoinPath(path, kMeasures), outcome.metrics, files_));
    } else {
      outcome = {RunStatus::kFailed, problem, {}};
    }
    ++done_;
    Say(absl::StrCat(place_, ": ",
                     problem.empty() ? absl::StrFormat("finished, trained for %.1f s",
                                                       ValueOf(outcome.metrics, "training_seconds"))
                                     : "failed: " + problem));
    return hooks_.on_run ? hooks_.on_run(outcomes_) : absl::OkStatus();
  }

  // What kept it from its end; empty also if it was stopped.
  absl::StatusOr<std::string> Train(const PlannedRun& run, const std::string& path) {
    const std::string trained = JoinPath(path, kTrained);
    ASSIGN_OR_RETURN(const PathKind kind, files_.Kind(trained));
    if (kind == PathKind::kFile) {
      return std::string();
    }
    ASSIGN_OR_RETURN(const ChildEnd end,
                     Work({"train", path, "--resume"}, JoinPath(path, "train.txt"),
                          [&] { ShowTraining(run, path); }));
    if (!end.problem.empty() || Stopped()) {
      return end.problem;
    }
    RETURN_IF_ERROR(WriteMetrics(trained, {{"peak_memory_mb", end.peak_megabytes}}, files_));
    return std::string();
  }

  static double ShareDone(const PlannedRun& run, const std::vector<TrainReport>& log) {
    return log.empty() ? 0 : Progress(run.config.train, log.back().step, log.back().minutes);
  }

  absl::StatusOr<std::string> Evaluate(const std::string& path) {
    ASSIGN_OR_RETURN(
        const ChildEnd end,
        Work({"eval", path, "--count", absl::StrCat(plan_.study.count)}, JoinPath(path, "eval.txt"),
             [&] { ShowProgress(absl::StrCat(place_, "  measuring"), 1); }));
    return end.problem;
  }

  absl::StatusOr<ChildEnd> Work(std::vector<std::string> arguments, const std::string& out,
                                std::function<void()> on_tick) const {
    return RunChild({.program = hooks_.program,
                     .arguments = std::move(arguments),
                     .out = out,
                     .stop = hooks_.stop,
                     .on_tick = hooks_.on_progress ? std::move(on_tick) : nullptr});
  }

  absl::StatusOr<Metrics> Measures(const std::string& path) const {
    ASSIGN_OR_RETURN(Metrics metrics, ReadMetrics(path, files_));
    ASSIGN_OR_RETURN(const Metrics trained, ReadMetrics(path, files_, kTrained));
    ASSIGN_OR_RETURN(const std::vector<TrainReport> log, ReadLog(path, files_));
    const double minutes = log.empty() ? kNotMeasured : log.back().minutes;
    metrics.emplace_back("training_seconds", 60 * minutes);
    metrics.insert(metrics.end(), trained.begin(), trained.end());
    return metrics;
  }

  void ShowTraining(const PlannedRun& run, const std::string& path) const {
    const auto log = ReadLog(path, files_);
    if (log.ok() && !log->empty()) {
      const TrainReport& last = log->back();
      const double share = ShareDone(run, *log);
      ShowProgress(absl::StrFormat("%s  step %d  %.0f%%  text %.3f  image %.4f", place_, last.step,
                                   100 * share, last.text_loss, last.image_loss),
                   share);
    }
  }

  void ShowProgress(const std::string& text, double share) const {
    hooks_.on_progress(absl::StrCat(text, TimeLeft(share)));
  }

  // By what the runs of this call took so far; share: of the one at work.
  std::string TimeLeft(double share) const {
    const double done = static_cast<double>(done_) + share;
    const std::chrono::duration<double> past = Clock::now() - started_;
    return done > 0
               ? absl::StrFormat(", about %.1f min left",
                                 past.count() / 60 * (static_cast<double>(waiting_) - done) / done)
               : "";
  }

  const StudyPlan& plan_;
  const std::string folder_;
  const Files& files_;
  const StudyHooks& hooks_;
  StudyOutcomes outcomes_;
  int64_t waiting_ = 0, done_ = 0;  // runs, at the beginning and of them
  std::string place_;               // of the run at work
  const Clock::time_point started_ = Clock::now();
};

}  // namespace

std::string RunFolder(const std::string& folder, const PlannedRun& run) {
  return JoinPath(JoinPath(folder, "runs"), run.name());
}

absl::StatusOr<StudyOutcomes> RunStudy(const StudyPlan& plan, const std::string& folder,
                                       const std::shared_ptr<const Files>& files,
                                       const StudyHooks& hooks) {
  return Runner(plan, folder, *files, hooks).Run();
}

}  // namespace tessera
