// The training loop: batches -> losses -> steps, with a log, checkpoints and a clean end at any
// time.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "data/files.h"
#include "train/run.h"
#include "train/step_log.h"

namespace tessera {

struct TrainHooks {
  std::function<void(const TrainReport&)> on_report;                // with each line of the log
  std::function<absl::Status(const Run&, int64_t step)> on_sample;  // with averaged parameters
  const std::atomic<bool>* stop = nullptr;  // set by a signal: checkpoint, then return
};

// Trains into the folder `out`: config.toml, log.jsonl, checkpoints/. With resume, continues the
// last checkpoint there, bit for bit; without, the folder must hold no checkpoint.
absl::Status Train(const RunConfig& config, const std::string& out, bool resume,
                   const std::shared_ptr<const Files>& files, const TrainHooks& hooks);

}  // namespace tessera
