#include "sequence/grids.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

Image Blank(int64_t height, int64_t width) {
  return {.height = height,
          .width = width,
          .rgb = std::vector<uint8_t>(static_cast<size_t>(3 * height * width))};
}

TEST(ParseGrids, ReadsRowsTimesColumns) {
  EXPECT_EQ(*ParseGrids({"8x8", "6x10"}), (std::vector<PatchGrid>{{8, 8}, {6, 10}}));
}

TEST(ParseGrids, NamesWhatIsNoGrid) {
  for (const char* bad : {"8", "8x", "x8", "0x4", "4x-1", "4x4x4", "8*8", "5000x1", ""}) {
    EXPECT_NE(ParseGrids({bad}).status().message().find(bad), std::string::npos) << bad;
  }
  EXPECT_FALSE(ParseGrids({}).ok());
  EXPECT_FALSE(ParseGrids({"4x4", "04x4"}).ok());
}

TEST(NearestGrid, ComparesAspectsAsRatios) {
  const std::vector<PatchGrid> grids = {{8, 8}, {6, 10}, {10, 6}};
  EXPECT_EQ(NearestGrid(Blank(100, 100), grids), 0);
  EXPECT_EQ(NearestGrid(Blank(100, 128), grids), 0);  // 1.28 < sqrt(10 / 6) = 1.291
  EXPECT_EQ(NearestGrid(Blank(100, 130), grids), 1);
  EXPECT_EQ(NearestGrid(Blank(130, 100), grids), 2);
  EXPECT_EQ(NearestGrid(Blank(1, 20000), grids), 1);
}

TEST(FitToGrid, GivesThePictureTheGridsSize) {
  const Image fitted = FitToGrid(Blank(30, 50), {2, 3}, 4, Fit::kCover);
  EXPECT_EQ(fitted.height, 8);
  EXPECT_EQ(fitted.width, 12);
}

TEST(PatchGrid, CountsCellsRowByRow) {
  const PatchGrid grid{2, 3};
  for (int64_t cell = 0; cell < grid.size(); ++cell) {
    const RowCol at = grid.At(cell);
    EXPECT_EQ(at.row * grid.cols + at.col, cell);
    EXPECT_LT(at.col, grid.cols);
  }
}

}  // namespace
}  // namespace tessera
