// What must hold before a run begins or goes on, and the tokenizer that it then has.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "files/files.h"
#include "files/folder_lock.h"
#include "run/base_run.h"
#include "run/run.h"

namespace tessera {

// Keeps others out of a run that has begun. A new one, for which nothing is returned, is to be
// locked when its folder is made.
absl::StatusOr<std::optional<FolderLock>> LockBegun(const std::string& out, const Files& files);

// What keeps the run from beginning, or from going on from its last checkpoint.
absl::Status CheckStart(const RunConfig& config, const RunFolders& folders,
                        const absl::StatusOr<Checkpoint>& last, const Files& files);

// A resumed run keeps its tokenizer, even if the data that trained it has changed; so does one that
// begins from another. kept_in is the folder of that one, or empty.
absl::StatusOr<Tokenizer> TokenizerOf(const RunConfig& config, const std::string& kept_in,
                                      const Dataset& dataset, const Files& files);

// Gives a run the weights of its base, if it has one; else a run that is not resumed takes those of
// its autoencoder.
absl::Status TakeFirstWeights(const std::string& base, bool resumed, const Files& files, Run* run);

}  // namespace tessera
