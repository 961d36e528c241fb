// A model and what it remembers of several documents, one a row, read slot by slot or block by
// block. R = rows, T = slots of the longest block, W = width of a hidden state, D = numbers a
// patch.
#pragma once

#include <vector>

#include "model/model.h"
#include "sequence/layout.h"
#include "sequence/slots.h"

namespace tessera {

struct ReadSlot {
  int64_t id = 0;
  Tensor patch_D = {};  // what a patch's slot holds, with its noise; undefined in other slots
  PatchGrid grid = {};  // of the patch's picture; the next two tell where it stands there
  int64_t turn = 0;
  int64_t cell = 0;
  double noise = 0;     // the level that the model is told
  double level = -1;    // of a draft (sequence/batch.h)
  bool hidden = false;  // the model sees only the patch's place
};

// Slots that see each other, hence are read at once: one, unless the model's mask has blocks.
using ReadBlock = std::vector<ReadSlot>;

class Reader {
 public:
  Reader(Model& model, int64_t rows);

  // The rows from `first` on forget what they have read, then each reads a sequence, which may be
  // empty. All at once: a row alone would cost nearly as much as all.
  void Restart(int64_t first, const std::vector<Sequence>& sequences);

  // The same, but returns the last slots as ones to be read next, for the sake of their hidden
  // states.
  std::vector<ReadSlot> RestartBeforeLast(int64_t first, std::vector<Sequence> sequences);

  // One block more for the first rows. A row with an empty one waits, at the cost of a row. Returns
  // hidden states [R, T, W]; what is past a row's block means nothing.
  Tensor Read(const std::vector<ReadBlock>& blocks);

  // The same, and forgets the blocks: what the model would say of these slots.
  Tensor Peek(const std::vector<ReadBlock>& blocks);

 private:
  void ReadWhole(int64_t first, const std::vector<Sequence>& sequences);
  void Stand(int64_t row, const Sequence& sequence);  // after it, as far as the cache is not asked
  RotaryCoordinates Step(int64_t row, const ReadSlot& slot);
  void AddPatches(const std::vector<ReadBlock>& blocks, int64_t width, Batch* batch) const;

  Model& model_;
  std::vector<int64_t> length_;         // slots that each row has read
  std::vector<PositionCursor> cursor_;  // where each row stands
  KvCache cache_;
};

}  // namespace tessera
