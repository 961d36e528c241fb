// The training loop: batches -> losses -> steps, with a log, checkpoints and a clean end at any
// time.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "data/files.h"
#include "train/run.h"

namespace tessera {

// What one interval of training looked like; a line of log.jsonl.
struct TrainReport {
  int64_t step = 0;       // done
  double progress = 0;    // of the run, in [0, 1]
  double minutes = 0;     // of training, over all resumptions
  double text_loss = 0;   // nats a token, as weighted in the batch
  double image_loss = 0;  // of the head, a number of a patch
  double gradient_norm = 0;
  double lr_factor = 0;
  double tokens_per_second = 0;
  std::vector<double>
      image_loss_by_level;  // ten bins of the noise level, noise first; NaN if empty
  std::vector<double> image_loss_by_patch;  // by the patch's turn in its picture
};

struct TrainHooks {
  std::function<void(const TrainReport&)> on_report;                // every log_every steps
  std::function<absl::Status(const Run&, int64_t step)> on_sample;  // with averaged parameters
  const std::atomic<bool>* stop = nullptr;  // set by a signal: checkpoint, then return
};

// Trains into the folder `out`: config.toml, log.jsonl, checkpoints/. With resume, continues the
// last checkpoint there, bit for bit; without, the folder must hold no checkpoint.
absl::Status Train(const RunConfig& config, const std::string& out, bool resume,
                   const std::shared_ptr<const Files>& files, const TrainHooks& hooks);

}  // namespace tessera
