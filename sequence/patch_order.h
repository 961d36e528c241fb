// In which order the patches of a picture are read and drawn. A cell is row * columns + column.
#pragma once

#include <cstdint>
#include <vector>

#include "sequence/arrangement.h"
#include "sequence/patch_grid.h"

namespace tessera {

// The cell of each turn: a permutation of the grid's cells, for grids of any size.
// - raster: rows from the top. snake: every other row backwards.
// - spiral-in: clockwise along the border from the first cell; spiral-out: the same backwards.
// - zigzag: along the anti-diagonals, every other one backwards.
// - hilbert, morton: the curve of the least square of side 2^k that holds the grid, passing over
//   what is outside.
// - coarse-to-fine: the cells whose row and column are multiples of 2^k, from the largest such
//   grid down to the whole, each in rows from the top and without what came before.
// - random: by the key, which no other order reads.
std::vector<int64_t> CellsInOrder(PatchOrder order, PatchGrid grid, uint64_t key);

// The key of a document's k-th picture.
uint64_t PictureKey(uint64_t document_key, int64_t picture);

}  // namespace tessera
