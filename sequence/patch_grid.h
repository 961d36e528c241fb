// A grid of patches. A cell is a patch's number in its picture, counted row by row from the top.
#pragma once

#include <cstdint>

namespace tessera {

struct RowCol {
  int64_t row = 0;
  int64_t col = 0;
};

struct PatchGrid {
  int64_t rows = 0;
  int64_t cols = 0;

  int64_t size() const { return rows * cols; }
  RowCol At(int64_t cell) const { return {cell / cols, cell % cols}; }
  bool operator==(const PatchGrid&) const = default;
};

// Numbers of a square patch of RGB pixels with sides of `patch` pixels.
constexpr int64_t PatchDim(int64_t patch) { return 3 * patch * patch; }

}  // namespace tessera
