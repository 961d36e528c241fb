#include "cli/train_record.h"

#include "analysis/report/sample_sheet.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "config/status.h"

namespace tessera {

void TrainRecord::Attach(TrainHooks* hooks) {
  hooks->on_begin = [this](int64_t step) { return Begin(step); };
  hooks->on_end = [this](int64_t step, const absl::Status& end) { return End(step, end); };
  hooks->on_report = [this, show = hooks->on_report](const TrainReport& report) {
    show(report);
    if (events_) {
      written_.Update(events_->Add(report, *files_));
    }
  };
  hooks->on_sample = [this, draw = hooks->on_sample](const Run& run, int64_t step) -> absl::Status {
    RETURN_IF_ERROR(draw(run, step));
    return events_ ? AddSheet(step) : absl::OkStatus();
  };
}

absl::Status TrainRecord::Begin(int64_t step) {
  ASSIGN_OR_RETURN(record_, RunRecord::Begin(out_, command_line, step, *files_));
  if (config_.train.tensorboard) {
    ASSIGN_OR_RETURN(events_, EventLog::Open(out_, step, config_, *files_));
  }
  return absl::OkStatus();
}

// A run that draws no pictures has no sheet.
absl::Status TrainRecord::AddSheet(int64_t step) {
  const std::string path = SheetPath(out_, step);
  ASSIGN_OR_RETURN(const PathKind kind, files_->Kind(path));
  if (kind != PathKind::kFile) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string png, files_->Read(path));
  return events_->AddSheet(step, png, *files_);
}

absl::Status TrainRecord::End(int64_t step, const absl::Status& end) {
  absl::Status status = end;
  status.Update(written_);
  const bool stopped = stop_requested && (status.ok() || absl::IsCancelled(status));
  const std::string result = stopped       ? "stopped"
                             : status.ok() ? "finished"
                                           : std::string(status.message());
  status.Update(record_->End(step, result, *files_));
  return status;
}

}  // namespace tessera
