// log.tfevents of a run folder: what log.jsonl and samples/ hold, for TensorBoard.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "files/files.h"
#include "run/run_config.h"
#include "train/step_log.h"

namespace tessera {

class EventLog {
 public:
  // Continues the file of a run after a step: later events are dropped, since their steps come
  // again, and so is one that a killed process did not finish. A new file begins with the config,
  // as text and as hyper-parameters.
  static absl::StatusOr<EventLog> Open(const std::string& run, int64_t step,
                                       const RunConfig& config, const Files& files);

  // Adds the numbers of a line of log.jsonl under its keys, and its lists as histograms whose bins
  // are the list's.
  absl::Status Add(const TrainReport& report, const Files& files);

  // Adds a sheet of samples, unless the file has that of the step.
  absl::Status AddSheet(int64_t step, std::string_view png, const Files& files);

 private:
  explicit EventLog(std::string path) : path_(std::move(path)) {}

  std::string path_;
  int64_t last_sheet_ = -1;  // the step of the last one
};

}  // namespace tessera
