// What `train` keeps of a training besides its log and its checkpoints: run.json and log.tfevents.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "run/run_record.h"
#include "train/event_log.h"
#include "train/trainer.h"

namespace tessera {

class TrainRecord {
 public:
  TrainRecord(const RunConfig& config, std::string out, std::shared_ptr<const Files> files)
      : config_(config), out_(std::move(out)), files_(std::move(files)) {}

  // Listens to the hooks beside those who do already. It must outlive the training.
  void Attach(TrainHooks* hooks);

 private:
  absl::Status Begin(int64_t step);
  absl::Status AddSheet(int64_t step);
  absl::Status End(int64_t step, const absl::Status& end);

  RunConfig config_;
  std::string out_;
  std::shared_ptr<const Files> files_;
  std::optional<RunRecord> record_;
  std::optional<EventLog> events_;
  absl::Status written_;  // of what has no other way to tell: the first event that was not written
};

}  // namespace tessera
