#pragma once

#include <memory>
#include <string>

#include "run/run.h"

namespace tessera {

// Writes <path>/report.html about the run folder `path` and its loaded model: one page with what
// the folder records, and what the model draws and writes for documents of the test split.
absl::Status WriteReport(const std::string& path, const Run& run,
                         const std::shared_ptr<const Files>& files);

}  // namespace tessera
