// Several runs on one page: curves over each other, last sheets side by side, measures and the
// settings that differ.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "files/files.h"

namespace tessera {

// Returns the HTML of the page, which needs no network. Runs are named by the last part of their
// paths or, if two are alike in that, by the whole paths. Each must be a run folder.
absl::StatusOr<std::string> ComparePage(const std::vector<std::string>& runs, const Files& files);

}  // namespace tessera
