// Samples of WebDataset: files of a tar whose names are equal up to the first dot.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "data/document_rows.h"
#include "data/source.h"

namespace tessera {

// A sample "a/7" is its picture, "a/7.jpg", and its text: "a/7.txt", else "a/7.caption", else
// "text" or "caption" of "a/7.json". If no sample has a text, `caption` with what stands in
// "a/7.cls" is, unless one of them is empty. The split is what a folder or the shard's name says.
absl::StatusOr<Rows> ReadWebDataset(const Source& source, const std::string& caption, BadData& bad);

}  // namespace tessera
