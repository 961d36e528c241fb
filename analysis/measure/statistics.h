// Mean and covariance of features in a file that other programs read and write: a .npz with `mu`
// and `sigma`, as clean-fid, torch-fidelity and ADM's evaluator have.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "analysis/measure/distribution.h"
#include "files/files.h"

namespace tessera {

absl::Status WriteStatistics(const Gaussian& gaussian, const std::string& path, const Files& files);

absl::StatusOr<Gaussian> ReadStatistics(const std::string& path, const Files& files);

}  // namespace tessera
