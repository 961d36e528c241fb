#include "train/train_state.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/difference.h"
#include "config/status.h"
#include "files/json.h"

namespace tessera {
namespace {

// Whether a run may go on with another value of the key.
bool MayChange(const std::string& key) {
  constexpr const char* kKeys[] = {
      "train.steps",        "train.minutes",          "train.log_every", "train.evaluate_every",
      "train.sample_every", "train.checkpoint_every", "train.keep",      "train.device",
      "train.memory_limit", "train.tensorboard",      "data.threads",    "data.path",
      "data.index",         "data.on_error",          "data.max_pixels"};
  const bool of_a_set =
      key.starts_with("data.mix.") && (key.ends_with(".path") || key.ends_with(".index"));
  return std::ranges::find(kKeys, key) != std::end(kKeys) || of_a_set ||
         key.starts_with("generate.");
}

}  // namespace

std::string ToJson(const TrainState& state) {
  JsonObject json = {{"step", {state.step}}, {"minutes", {state.minutes}}};
  if (state.best_step > 0) {
    json.emplace_back("best_step", Json{state.best_step});
    json.emplace_back("best_loss", Json{state.best_loss});
  }
  if (state.sheet_due) {
    json.emplace_back("sheet_due", Json{true});
  }
  if (!state.interval.empty()) {
    json.emplace_back("interval", state.interval.ToJson());
  }
  return DumpJson({std::move(json)}, /*indented=*/true) + "\n";
}

absl::StatusOr<TrainState> ReadState(const std::string& checkpoint, const Files& files) {
  const std::string path = JoinPath(checkpoint, "state.json");
  ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  const auto json = ParseJson(text);
  const auto number = [&](const char* key) {
    const Json* found = json.ok() ? json->Find(key) : nullptr;
    return found != nullptr ? found->AsNumber() : NAN;
  };
  TrainState state;
  const double step = number("step"), minutes = number("minutes");
  constexpr double kMostSteps = 1e15;  // whole numbers that a double holds
  if (!(step >= 0 && step <= kMostSteps && minutes >= 0)) {
    return absl::DataLossError(
        absl::StrCat("'", path, "' names no step or no minutes, or a step that no run reaches"));
  }
  state.step = static_cast<int64_t>(step);
  state.minutes = minutes;
  if (const double best_step = number("best_step"); best_step > 0) {
    state.best_step = static_cast<int64_t>(best_step);
    state.best_loss = number("best_loss");
  }
  state.sheet_due = json->Find("sheet_due") != nullptr;
  if (const Json* interval = json->Find("interval")) {
    state.interval = Interval::FromJson(*interval);
  }
  return state;
}

absl::Status CheckSameRun(const std::string& checkpoint, const RunConfig& now, const Files& files) {
  const std::string path = JoinPath(checkpoint, "config.toml");
  ASSIGN_OR_RETURN(const std::string toml, files.Read(path));
  RunConfig begun;
  RETURN_IF_ERROR(FromDump(toml, path, {}, &begun));
  const std::vector<Difference> differences =
      Differences(begun, now, [](const std::string& key) { return !MayChange(key); });
  return differences.empty()
             ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(
                   "'", checkpoint,
                   "' was trained with other settings: ", DifferencesText(differences),
                   "; resume with those of its config.toml, or train into another --out"));
}

absl::Status DropLaterLines(const std::string& log, int64_t step, const Files& files) {
  const auto text = files.Read(log);
  if (!text.ok()) {
    return absl::IsNotFound(text.status()) ? absl::OkStatus() : text.status();
  }
  std::string kept;
  for (size_t begin = 0, end; (end = text->find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    const std::string line = text->substr(begin, end + 1 - begin);
    if (const auto report = ParseJsonLine(line); report.ok() && report->step <= step) {
      kept += line;
    }
  }
  return files.Write(log, kept);
}

}  // namespace tessera
