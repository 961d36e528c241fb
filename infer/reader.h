// What a model remembers of several documents, one a row, which it reads slot by slot or block by
// block. Rows are opened and closed at any time; what a row reads does not depend on the others.
// N = rows that read, T = slots of the longest block, W = width of a hidden state, D = numbers a
// patch.
#pragma once

#include <memory>
#include <vector>

#include "model/model.h"
#include "model/packed_model.h"
#include "sequence/layout.h"

namespace tessera {

struct ReadSlot {
  int64_t id = 0;
  Tensor patch_D = {};  // what a patch's slot holds, with its noise; undefined in other slots
  PatchGrid grid = {};  // of the patch's picture, in which the next two say where it stands
  int64_t turn = 0;
  int64_t cell = 0;
  double noise = 0;     // the level that the model's noise embedding reads
  double level = -1;    // of a query patch (sequence/batch.h)
  bool hidden = false;  // the model is not shown the patch, but its row and column
};

// Slots that see each other and hence are read at once: one, unless the model's mask has blocks.
using ReadBlock = std::vector<ReadSlot>;

struct RowBlock {
  int64_t row;  // as Open named it
  ReadBlock block;
};

class Reader {
 public:
  virtual ~Reader() = default;

  // Opens a row for each sequence and reads the sequences all at once, since one alone costs nearly
  // as much. Returns the rows' names. before_last: the last slot of each is not read, so that it
  // can be read next for its hidden state.
  virtual std::vector<int64_t> Open(const std::vector<Sequence>& sequences, bool before_last) = 0;

  virtual void Close(int64_t row) = 0;

  // Each of these rows reads one block more. Returns hidden states [N, T, W] in the order of
  // `blocks`; what is past a row's block means nothing. Rows that are not named wait at no cost. A
  // call whose rows stand in the order of the call before costs least.
  virtual Tensor Read(const std::vector<RowBlock>& blocks) = 0;

  // Returns what Read would return, and forgets the blocks.
  virtual Tensor Peek(const std::vector<RowBlock>& blocks) = 0;
};

// The reader that keeps keys and values. It computes hidden states with the packed model or, if
// that is null, as training does. Both must outlive it.
std::unique_ptr<Reader> MakeReader(Model& model, PackedModel* packed = nullptr);

}  // namespace tessera
