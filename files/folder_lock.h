// One process at a time writes to a folder.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tessera {

// Held until it is destroyed or the process ends, in whatever way. Children do not keep it.
using FolderLock = std::shared_ptr<const void>;

// FailedPrecondition if another holds it. The file "<folder>/lock" stays. Where a file system
// cannot lock, nobody is kept out.
absl::StatusOr<FolderLock> LockFolder(const std::string& folder);

}  // namespace tessera
