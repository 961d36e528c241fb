#include "sequence/patch_order.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "ops/hash.h"
#include "sequence/permutation.h"

namespace tessera {
namespace {

// Cells from the least to the greatest rank(row, column); equal ranks in rows from the top.
template <class Rank>
std::vector<int64_t> SortedBy(PatchGrid grid, Rank rank) {
  std::vector<int64_t> cells(grid.size());
  std::iota(cells.begin(), cells.end(), 0);
  std::ranges::stable_sort(cells, {}, [&](int64_t cell) {
    const auto [row, col] = grid.At(cell);
    return rank(row, col);
  });
  return cells;
}

// The k of the least square of side 2^k that holds the grid.
int SquareBits(PatchGrid grid) {
  return std::bit_width(static_cast<uint64_t>(std::max(grid.rows, grid.cols) - 1));
}

std::vector<int64_t> SpiralIn(PatchGrid grid) {
  std::vector<int64_t> cells;
  int64_t top = 0, left = 0, bottom = grid.rows - 1, right = grid.cols - 1;
  const auto add = [&](int64_t row, int64_t col) { cells.push_back(row * grid.cols + col); };
  while (top <= bottom && left <= right) {
    for (int64_t col = left; col <= right; ++col) {
      add(top, col);
    }
    for (int64_t row = top + 1; row <= bottom; ++row) {
      add(row, right);
    }
    for (int64_t col = right - 1; top < bottom && col >= left; --col) {
      add(bottom, col);
    }
    for (int64_t row = bottom - 1; left < right && row > top; --row) {
      add(row, left);
    }
    ++top, ++left, --bottom, --right;
  }
  return cells;
}

// Where the Hilbert curve of a square of side 2^bits passes, quadrant by quadrant: each quadrant is
// the whole curve, turned so that ends meet (Warren, Hacker's Delight, chapter 16).
int64_t HilbertRank(int64_t row, int64_t col, int bits) {
  int64_t rank = 0;
  for (int64_t side = int64_t{1} << bits >> 1; side > 0; side /= 2) {
    const int64_t down = (row & side) > 0, along = (col & side) > 0;
    rank += side * side * ((3 * along) ^ down);
    if (down == 0) {
      if (along == 1) {
        row = ~row, col = ~col;
      }
      std::swap(row, col);
    }
  }
  return rank;
}

int64_t MortonRank(int64_t row, int64_t col, int bits) {
  int64_t rank = 0;
  for (int bit = bits - 1; bit >= 0; --bit) {
    rank = 4 * rank + 2 * (row >> bit & 1) + (col >> bit & 1);
  }
  return rank;
}

std::vector<int64_t> Random(PatchGrid grid, uint64_t key) {
  std::vector<int64_t> cells;
  for (int64_t turn = 0; turn < grid.size(); ++turn) {
    cells.push_back(Permute(turn, grid.size(), key));
  }
  return cells;
}

}  // namespace

std::vector<int64_t> CellsInOrder(PatchOrder order, PatchGrid grid, uint64_t key) {
  const int bits = SquareBits(grid);
  switch (order) {
    case PatchOrder::kRaster:
      return SortedBy(grid, [](int64_t, int64_t) { return 0; });
    case PatchOrder::kSnake:
      return SortedBy(
          grid, [](int64_t row, int64_t col) { return std::pair(row, row % 2 == 0 ? col : -col); });
    case PatchOrder::kSpiralIn:
      return SpiralIn(grid);
    case PatchOrder::kSpiralOut: {
      std::vector<int64_t> cells = SpiralIn(grid);
      std::ranges::reverse(cells);
      return cells;
    }
    case PatchOrder::kZigzag:
      return SortedBy(grid, [](int64_t row, int64_t col) {
        return std::pair(row + col, (row + col) % 2 == 0 ? col : row);
      });
    case PatchOrder::kHilbert:
      return SortedBy(grid, [=](int64_t row, int64_t col) { return HilbertRank(row, col, bits); });
    case PatchOrder::kMorton:
      return SortedBy(grid, [=](int64_t row, int64_t col) { return MortonRank(row, col, bits); });
    case PatchOrder::kCoarseToFine:
      return SortedBy(grid, [=](int64_t row, int64_t col) {
        return -std::countr_zero(static_cast<uint64_t>(row | col | int64_t{1} << bits));
      });
    case PatchOrder::kRandom:
      return Random(grid, key);
  }
  return {};
}

uint64_t PictureKey(uint64_t document_key, int64_t picture) {
  return MixBits(document_key + static_cast<uint64_t>(picture));
}

}  // namespace tessera
