// Interleaved documents: docs.jsonl, one document a line, beside the pictures that it names.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "data/document_rows.h"
#include "data/source.h"

namespace tessera {

struct NamedSegments {
  std::vector<NamedSegment> segments;
  std::set<size_t> unscored = {};  // as in a Document
};

// The segments of {"segments": [...]}; pictures have the names that are written there.
absl::StatusOr<NamedSegments> ParseSegments(const Json& document);

// {"id": ..., "split": ..., "segments": [{"type": "text", "text": ..., "loss": false},
//                                        {"type": "image", "file_name": ...}, ...]}
// id, split and loss are optional, other keys are ignored.
absl::StatusOr<Rows> ReadDocuments(const Source& source, BadData& bad);

}  // namespace tessera
