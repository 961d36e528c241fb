#include "sequence/grids.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "data/image/image_io.h"

namespace tessera {
namespace {

constexpr int64_t kMostSide = 4096;  // of a grid, in patches

}  // namespace

absl::StatusOr<std::vector<PatchGrid>> ParseGrids(const std::vector<std::string>& names) {
  std::vector<PatchGrid> grids;
  for (const std::string& name : names) {
    const std::vector<std::string> sides = absl::StrSplit(name, 'x');
    PatchGrid grid;
    const bool numbers = sides.size() == 2 && absl::SimpleAtoi(sides[0], &grid.rows) &&
                         absl::SimpleAtoi(sides[1], &grid.cols);
    if (!numbers || std::min(grid.rows, grid.cols) < 1 ||
        std::max(grid.rows, grid.cols) > kMostSide) {
      return absl::InvalidArgumentError(absl::StrCat(
          "model.grids: \"", name, "\" is no grid; write rows x columns, such as \"4x4\""));
    }
    if (std::ranges::find(grids, grid) != grids.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("model.grids: \"", name, "\" is there twice; remove one"));
    }
    grids.push_back(grid);
  }
  if (grids.empty()) {
    return absl::InvalidArgumentError("model.grids is empty; name a grid, such as \"4x4\"");
  }
  return grids;
}

int64_t NearestGrid(const Image& image, const std::vector<PatchGrid>& grids) {
  const double aspect =
      std::log(static_cast<double>(image.height) / static_cast<double>(image.width));
  const auto distance = [&](const PatchGrid& grid) {
    return std::abs(std::log(static_cast<double>(grid.rows) / static_cast<double>(grid.cols)) -
                    aspect);
  };
  return std::ranges::min_element(grids, {}, distance) - grids.begin();
}

Image FitToGrid(const Image& image, const PatchGrid& grid, int64_t patch, Fit fit) {
  return FitTo(image, grid.rows * patch, grid.cols * patch, fit);
}

}  // namespace tessera
