// tar, tar.gz, zip and their like as a Source.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "data/source.h"

namespace tessera {

// Unpacks all of it into memory, at most max_bytes. Links to files of the archive have their bytes.
// Names that lead out of it, and links to what it lacks, are bad data. path is for messages.
absl::StatusOr<std::unique_ptr<Source>> OpenArchive(const std::string& path, std::string_view bytes,
                                                    BadData& bad,
                                                    int64_t max_bytes = int64_t{8} << 30);

}  // namespace tessera
