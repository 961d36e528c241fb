// The grids of patches that pictures take, and where a patch stands in one. A cell is a patch's
// number in its picture, counted row by row from the top.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/image/image.h"
#include "sequence/patch_grid.h"

namespace tessera {

// {"8x8", "6x10"}: rows x columns.
absl::StatusOr<std::vector<PatchGrid>> ParseGrids(const std::vector<std::string>& names);

// Index of the grid whose aspect is nearest to the picture's, as a ratio; the first of equals.
int64_t NearestGrid(const Image& image, const std::vector<PatchGrid>& grids);

// The picture at the size of the grid, whose patches have sides of `patch` pixels.
Image FitToGrid(const Image& image, const PatchGrid& grid, int64_t patch, Fit fit);

}  // namespace tessera
