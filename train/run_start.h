// The start of training: what must hold before a run begins or goes on, and what it then has. All
// ranks start alike, or none does.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "distributed/ranks.h"
#include "files/files.h"
#include "files/folder_lock.h"
#include "run/base_run.h"
#include "run/run.h"

namespace tessera {

// What is said of the documents that a run is trained on; an error ends the start.
using OnData = std::function<absl::Status(const Run&, const Dataset&, DataAccount*)>;

struct StartedRun {
  Run run;
  std::shared_ptr<const Dataset> dataset;         // the training split, without what is left out
  DataAccount account;                            // of it
  std::optional<Checkpoint> last;                 // to go on from
  std::optional<FolderLock> lock = std::nullopt;  // of rank 0: others are kept out of the folder
};

// Makes what training needs, and on rank 0 the folder folders.out with config.toml and data.txt. An
// error is the same on all ranks, as is that they differ in their recipe, data or checkpoint.
// Throws RankLost.
absl::StatusOr<StartedRun> StartRun(const RunConfig& config, const RunFolders& folders,
                                    const std::shared_ptr<const Files>& files,
                                    const OnData& on_data, const Ranks& ranks);

}  // namespace tessera
