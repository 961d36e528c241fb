#include "sequence/slots.h"

#include <algorithm>
#include <numeric>

#include "sequence/patch_order.h"

namespace tessera {
namespace {

RotaryCoordinates Offset(Positions positions, PatchGrid grid, int64_t turn, int64_t cell) {
  const auto h = static_cast<double>(grid.rows), w = static_cast<double>(grid.cols);
  const auto [row, col] = grid.At(cell);
  const auto i = static_cast<double>(row + 1), j = static_cast<double>(col + 1);
  switch (positions) {
    case Positions::kRope1d:
      return {static_cast<double>(turn + 1), static_cast<double>(turn + 1)};
    case Positions::kRope2d:
    case Positions::kMRope:
      return {i, j};
    case Positions::kTie:
      return {i * (w + 1), j * (h + 1)};
    case Positions::kTieV2:
      return {i + (w * h - h) / 2, j + (w * h - w) / 2};
  }
  return {};
}

double Advance(Positions positions, PatchGrid grid) {
  const auto h = static_cast<double>(grid.rows), w = static_cast<double>(grid.cols);
  switch (positions) {
    case Positions::kRope1d:
    case Positions::kRope2d:
    case Positions::kTieV2:
      return w * h + 1;
    case Positions::kTie:
      return (w + 1) * (h + 1);
    case Positions::kMRope:
      return std::max(w, h) + 1;
  }
  return 0;
}

}  // namespace

RotaryCoordinates PositionCursor::Id() {
  last_ += step_;
  step_ = 1;
  return {last_, last_};
}

RotaryCoordinates PositionCursor::Patch(PatchGrid grid, int64_t turn, int64_t cell) {
  step_ = Advance(positions_, grid);
  const auto [row, col] = Offset(positions_, grid, turn, cell);
  return {last_ + row, last_ + col};
}

std::vector<RotaryCoordinates> CoordinatesOf(const Sequence& sequence, PositionCursor* cursor) {
  std::vector<RotaryCoordinates> coordinates;
  const auto read_ids_until = [&](int64_t end) {
    while (std::ssize(coordinates) < end) {
      coordinates.push_back(cursor->Id());
    }
  };
  for (const Picture& picture : sequence.pictures) {
    read_ids_until(picture.first_slot);
    int64_t turn = 0;
    for (const int64_t cell :
         CellsInOrder(sequence.arrangement.order, picture.grid, picture.order_key)) {
      coordinates.push_back(cursor->Patch(picture.grid, turn++, cell));
    }
  }
  read_ids_until(sequence.size());
  return coordinates;
}

std::vector<int64_t> LastVisible(const Sequence& sequence) {
  std::vector<int64_t> last(sequence.size());
  std::iota(last.begin(), last.end(), 0);
  const int64_t openers = sequence.arrangement.patches_at_once();
  for (const Picture& picture : sequence.pictures) {
    const int64_t end = picture.first_slot + picture.grid.size();
    const int64_t block = sequence.arrangement.whole_pictures() ? picture.grid.size() : openers;
    std::fill_n(last.begin() + picture.first_slot - openers, openers, picture.first_slot - 1);
    for (int64_t first = picture.first_slot; first < end; first += block) {
      const int64_t next = std::min(first + block, end);
      std::fill(last.begin() + first, last.begin() + next, next - 1);
    }
  }
  std::fill_n(last.begin(), sequence.prefix, sequence.prefix - 1);
  return last;
}

std::vector<int64_t> FirstVisible(const Sequence& sequence) {
  std::vector<int64_t> first(sequence.size(), 0);
  if (sequence.arrangement.mask == AttentionMask::kBlockDiagonal) {
    for (const Picture& picture : sequence.pictures) {
      std::fill_n(first.begin() + picture.first_slot, picture.grid.size(), picture.first_slot);
    }
  }
  return first;
}

}  // namespace tessera
