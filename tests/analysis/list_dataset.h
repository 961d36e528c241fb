// A data set of given documents.
#pragma once

#include <vector>

#include "data/dataset.h"

namespace tessera {

class ListDataset : public Dataset {
 public:
  explicit ListDataset(std::vector<Document> documents) : documents_(std::move(documents)) {}
  int64_t size() const override { return std::ssize(documents_); }
  absl::StatusOr<Document> Get(int64_t index) const override { return documents_[index]; }

 private:
  std::vector<Document> documents_;
};

}  // namespace tessera
