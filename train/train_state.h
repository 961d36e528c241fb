// What lets a cut run go on: the part of its checkpoint that is no tensor, and what may differ from
// the run that was begun.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "files/files.h"
#include "run/run_config.h"
#include "train/step_log.h"

namespace tessera {

// state.json of a checkpoint.
struct TrainState {
  int64_t step = 0;       // done
  double minutes = 0;     // of training, over all resumptions
  int64_t best_step = 0;  // with the least held-out loss so far; 0: none was measured
  double best_loss = std::numeric_limits<double>::infinity();
  Interval interval = {};  // since the last line of the log
  bool sheet_due = false;  // the sheet of this step was not finished
};

std::string ToJson(const TrainState& state);
absl::StatusOr<TrainState> ReadState(const std::string& checkpoint, const Files& files);

// Whether `now` continues what the checkpoint's config.toml began. Only keys that leave the steps
// as they are may differ: how long, what is written when, on what the work is done, and where the
// data lies and what happens to bad data.
absl::Status CheckSameRun(const std::string& checkpoint, const RunConfig& now, const Files& files);

// Takes away the lines of a log that are later than `step`, since their steps come again.
absl::Status DropLaterLines(const std::string& log, int64_t step, const Files& files);

}  // namespace tessera
