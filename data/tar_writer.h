// Files -> the bytes of a .tar archive.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

// Name and bytes of a file.
using NamedBytes = std::pair<std::string, std::string>;

// In their order, without times or owners, so that equal files make equal archives.
absl::StatusOr<std::string> WriteTar(const std::vector<NamedBytes>& files);

}  // namespace tessera
