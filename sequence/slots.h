// What each slot of a sequence knows of its place: its rotary coordinates, and how far it sees.
//
// Text stands at (n, n). With L the place of a picture's (last) opener, its patch in row i and
// column j, counted from 1, of h rows and w columns stands at L + offset, and the slot after the
// picture at L + advance (https://spaces.ac.cn/archives/10352):
//   kind     offset                           advance         as long as its slots   gaps equal
//   rope1d   (t, t), the t-th of its order    w h + 1         yes                    yes
//   rope2d   (i, j)                           w h + 1         yes                    no
//   tie      (i (w + 1), j (h + 1))           (w + 1)(h + 1)  no                     yes
//   tie-v2   (i + (w h - h) / 2,              w h + 1         yes                    yes
//             j + (w h - w) / 2)
//   m-rope   (i, j)                           max(w, h) + 1   no                     no
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sequence/layout.h"

namespace tessera {

using RotaryCoordinates = std::array<double, 2>;  // row, column

// Walks along a document. Knows the places of the slots that it has passed, and no ids.
class PositionCursor {
 public:
  explicit PositionCursor(Positions positions) : positions_(positions) {}

  // The coordinates of the next slot, which holds a token, an opener or an end (Id), or the patch
  // of a picture's turn (Patch).
  RotaryCoordinates Id();
  RotaryCoordinates Patch(PatchGrid grid, int64_t turn, int64_t cell);

 private:
  Positions positions_;
  double last_ = -1;  // place of the last slot that is no patch
  double step_ = 1;   // from there to the next such slot
};

// The coordinates of each slot of the sequence. They start from `cursor`, which is moved on.
std::vector<RotaryCoordinates> CoordinatesOf(const Sequence& sequence, PositionCursor* cursor);

// The last slot of the sequence that each of its slots sees; it sees all before, back to the first.
std::vector<int64_t> LastVisible(const Sequence& sequence);

// The first slot of the sequence that each of its slots sees.
std::vector<int64_t> FirstVisible(const Sequence& sequence);

}  // namespace tessera
