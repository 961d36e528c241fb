// Documents from files outside of any data set: what `tessera generate` is given.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "data/document.h"
#include "files/files.h"

namespace tessera {

// Errors of both name the file.
absl::StatusOr<Image> ReadPicture(const std::string& path, const Files& files, int64_t max_pixels);

// One object of docs.jsonl, on any number of lines; pictures relative to the file's folder.
absl::StatusOr<Document> ReadDocument(const std::string& path, const Files& files,
                                      int64_t max_pixels);

}  // namespace tessera
