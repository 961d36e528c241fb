// The seam between the world's files and the rest: a data set is an indexed list of Documents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/account.h"
#include "data/document.h"

namespace tessera {

// held_out exists for drawn data only: combinations that are never drawn for training.
enum class Split { kTrain, kTest, kHeldOut };

// A set of a mixture; its documents follow those of the set before it.
struct MixedSet {
  std::string name;
  double weight = 1;  // of its documents in training, whatever its size
  int64_t size = 0;
};

// Get is a pure function of the index and may be called from several threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  virtual absl::StatusOr<Document> Get(int64_t index) const = 0;

  // Get, but pictures that are still to be decoded are empty (0 x 0 pixels).
  virtual absl::StatusOr<Document> Outline(int64_t index) const { return Get(index); }

  // The picture of a segment as a file: the bytes that it is read from, if there are any, else a
  // PNG.
  virtual absl::StatusOr<std::string> PictureFile(int64_t index, size_t segment) const;

  // What the document is called in messages: "'metadata.jsonl' line 3".
  virtual std::string Where(int64_t index) const { return "document " + std::to_string(index); }

  // The sets of a mixture; none if it is no mixture.
  virtual std::vector<MixedSet> Sets() const { return {}; }

  // What opening the set has met.
  virtual DataAccount Account() const { return {.documents = size()}; }
};

}  // namespace tessera
