// The training loop: batches -> losses -> steps, with a log, checkpoints and a clean end at any
// time.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "distributed/ranks.h"
#include "files/files.h"
#include "run/base_run.h"
#include "run/run.h"
#include "train/run_start.h"
#include "train/step_log.h"

namespace tessera {

struct TrainHooks {
  // The documents that the run is trained on and what is said of them, before the first step. The
  // account may be added to; the run folder keeps it as data.txt. An error ends the training.
  OnData on_data;
  std::function<void(const TrainReport&)> on_report;  // with each line of the log

  // Both with averaged parameters, on_evaluate on each rank, on_sample on rank 0. on_evaluate sets
  // the held-out losses. on_sample may return Cancelled when it finds `stop` set.
  std::function<absl::Status(const Run&, int64_t step)> on_sample;
  std::function<absl::Status(const Run&, TrainReport*)> on_evaluate;

  // on_begin comes before the first step of this training and on_end after its last, on rank 0,
  // with the steps done, while the folder is locked. on_end gets how training ended and returns it,
  // or an error of its own. It does not come if the program breaks off.
  std::function<absl::Status(int64_t step)> on_begin;
  std::function<absl::Status(int64_t step, const absl::Status& end)> on_end;

  std::function<void()> on_step;      // a step was made, and is not saved yet
  std::atomic<bool>* stop = nullptr;  // set by a signal here or on another rank: checkpoint, return
};

// Trains, on all ranks alike, into the folder folders.out, which rank 0 writes: config.toml,
// data.txt, log.jsonl, checkpoints/, and base/ if it begins from another run. With resume,
// continues the last checkpoint there, bit for bit, or begins if there is none; without, there must
// be none. What fails after the first step, but for numbers that are not finite, is saved from: the
// last step has a checkpoint, and the error says so.
absl::Status Train(const RunConfig& config, const RunFolders& folders,
                   const std::shared_ptr<const Files>& files, const TrainHooks& hooks,
                   const Ranks& ranks = Ranks());

}  // namespace tessera
