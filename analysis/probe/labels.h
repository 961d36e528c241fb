// What is known of a document's first picture, as classes that a probe can look for.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "run/run.h"

namespace tessera {

struct Label {
  std::string name;                  // "colour"
  std::vector<std::string> classes;  // "red", ...
  std::vector<int64_t> of_document;  // index of its class; -1 where the label says nothing
};

// Of drawn data: how many objects there are, and of pictures of one object its shape, colour, size
// and place; of data whose first texts are few: that text, as "caption"; of others none.
absl::StatusOr<std::vector<Label>> LabelsOf(const Run& run, const std::vector<Document>& documents);

}  // namespace tessera
