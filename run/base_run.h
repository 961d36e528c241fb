// What a fine-tuned run begins with: the weights of another run, copied into its own folder, so
// that no later step of the other can pull them away.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "files/files.h"
#include "run/run.h"

namespace tessera {

// Where a run lives and what it begins from; `from` is empty unless it fine-tunes.
struct RunFolders {
  std::string out;
  std::string from = {};
  bool resume = false;
};

// Gives `config`, whose other members a recipe then sets, the model and tokenizer of a run.
absl::Status AdoptModel(const std::string& from, const Files& files, RunConfig* config);

// Puts the averaged weights of the run `from` into the folder that BaseOf names. Refuses a config
// of another model, adapters without anything to adapt, and to change the base of a run that has
// begun.
absl::Status KeepBase(const RunConfig& config, const RunFolders& folders, const Files& files);

// The folder of the base that a run keeps; empty if it began from nothing.
absl::StatusOr<std::string> BaseOf(const std::string& run, const Files& files);

// The weights of the base, and adapters on them if the run's config has any.
absl::Status BeginFrom(const std::string& base, const Files& files, Run* run);

}  // namespace tessera
