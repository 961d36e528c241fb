// The seam between the world's files and the rest: a data set is an indexed list of Documents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/document.h"

namespace tessera {

// held_out exists for drawn data only: combinations that are never drawn for training.
enum class Split { kTrain, kTest, kHeldOut };

// Get is a pure function of the index and may be called from several threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  virtual absl::StatusOr<Document> Get(int64_t index) const = 0;

  // One sentence for each document that was left out when the set was opened.
  virtual std::vector<std::string> Problems() const { return {}; }
};

}  // namespace tessera
