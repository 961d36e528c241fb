// Documents -> a folder that the data set kind `documents` reads back: docs.jsonl and images/.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "data/document.h"
#include "files/files.h"

namespace tessera {

// Replaces docs.jsonl. Texts without a letter are left out, since a data set may not hold any.
absl::Status WriteDocuments(const Files& files, const std::string& folder,
                            const std::vector<Document>& documents);

}  // namespace tessera
