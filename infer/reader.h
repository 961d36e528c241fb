// A model and what it remembers of several documents, one a row, read slot by slot.
// R = rows, W = width of a hidden state, D = numbers a patch.
#pragma once

#include <optional>
#include <vector>

#include "data/layout.h"
#include "model/model.h"

namespace tessera {

struct ReadSlot {
  int64_t id = 0;
  Tensor patch_D = {};  // what a patch's slot holds, with its noise; undefined in other slots
  int64_t patch_row = 0;
  int64_t patch_col = 0;
  double noise = 0;  // the level that the model is told
};

class Reader {
 public:
  Reader(Model& model, int64_t rows);

  // The row forgets what it has read, then reads a sequence, which may be empty.
  void Restart(int64_t row, const Sequence& sequence);

  // One slot more for the first rows. A row without one waits, at the cost of a row. Returns their
  // hidden states [R, W]; that of a waiting row means nothing.
  Tensor Read(const std::vector<std::optional<ReadSlot>>& slots);

 private:
  void AddPatches(const std::vector<std::optional<ReadSlot>>& slots, Batch* batch) const;

  Model& model_;
  std::vector<int64_t> length_;  // slots that each row has read
  KvCache cache_;
};

}  // namespace tessera
