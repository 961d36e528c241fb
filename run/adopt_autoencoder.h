// The autoencoder that a run takes over from another: its config and weights become part of the
// run, which is whole without the other from its first checkpoint on.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "files/files.h"
#include "run/run.h"

namespace tessera {

// Where config.model.autoencoder has a path, its other keys become those of that run; a key that a
// recipe sets must be the same. out: the run's own folder, asked in place of the path once it has a
// checkpoint.
absl::Status AdoptAutoencoder(const std::string& out, const Files& files, RunConfig* config);

// The weights of that run, where the config has a path.
absl::Status LoadAutoencoder(const Files& files, Run* run);

}  // namespace tessera
