// Opening the run that a command is about: its config is read once, its checkpoint is searched
// once, and what does not fit the command is refused in one wording.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "config/toml.h"
#include "run/requirements.h"
#include "run/run.h"

namespace tessera {

using Requirement = absl::Status (*)(const std::string& path, const Run& run);

struct RunRequest {
  std::string path;                         // a run folder or a checkpoint folder
  std::vector<std::string> overrides = {};  // what --set changes in [generate]
  DeviceKind device = DeviceKind::kCpu;     // where the run computes
  std::vector<Requirement> needs = {};      // what the command asks of the run
  bool finite = true;                       // refuse a run whose parameters are not
};

struct OpenedRun {
  Run run;
  std::shared_ptr<const Files> files;
};

// Loads the run, checks the needs, applies the overrides, which need a model, and loads the
// predictor if the sampler is amed. Errors of overrides begin with "--set: ".
absl::StatusOr<OpenedRun> OpenRun(const RunRequest& request);

// Refuses a folder that holds a run already.
absl::Status CheckNoRun(const std::string& out, const Files& files);

// Writes a run that was not trained, with one checkpoint at step 0.
absl::Status SaveNewRun(const Run& run, const std::string& out, const Files& files);

// An error of what --set changed. Its message begins with "--set: " once.
absl::Status SetError(absl::Status status);

// Applies overrides of --set to a config.
template <class Config>
absl::Status ApplyOverrides(const std::vector<std::string>& overrides, Config* config) {
  return SetError(FromToml("", "--set", overrides, config));
}

}  // namespace tessera
