// What a command may need of the run that it opens. Each check returns FailedPrecondition with a
// sentence that names the run's path, what the run lacks and what to do instead.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "run/run.h"

namespace tessera {

// The run must hold a model, not an autoencoder of patches alone.
absl::Status CheckHasModel(const std::string& path, const Run& run);

// The run must hold a model that can draw pictures.
absl::Status CheckGeneratesImages(const std::string& path, const Run& run);

// The run must hold a model whose hidden state before each patch predicts that patch, so that the
// image head can be asked after every slot. Only model.objective = head trains such states.
absl::Status CheckStatesPredictPatches(const std::string& path, const Run& run);

}  // namespace tessera
