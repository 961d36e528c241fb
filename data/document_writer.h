// Documents -> a folder that the data set kind `documents` reads back: docs.jsonl and images/.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "data/document.h"
#include "data/image/image_io.h"
#include "files/files.h"

namespace tessera {

// What a picture of the i-th document becomes.
using PngOf = std::function<std::string(size_t i, const Image& image)>;

// Replaces docs.jsonl. Texts without a letter are left out, since a data set may not hold any.
absl::Status WriteDocuments(
    const Files& files, const std::string& folder, const std::vector<Document>& documents,
    const PngOf& png_of = [](size_t, const Image& image) { return EncodePng(image); });

}  // namespace tessera
