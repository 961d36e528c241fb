#include "sequence/patch_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>

#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

using Cells = std::vector<int64_t>;

TEST(PatchOrder, IsAPermutationOfEveryGrid) {
  for (const PatchOrder order : EveryValue<PatchOrder>()) {
    for (int64_t rows = 1; rows <= 9; ++rows) {
      for (int64_t cols = 1; cols <= 9; ++cols) {
        Cells cells = CellsInOrder(order, {rows, cols}, 5), all(rows * cols);
        std::iota(all.begin(), all.end(), 0);
        std::ranges::sort(cells);
        EXPECT_EQ(cells, all) << EnumName(order) << " " << rows << "x" << cols;
      }
    }
  }
}

TEST(PatchOrder, IsTheOneOfItsName) {
  const std::map<PatchOrder, Cells> wide = {
      {PatchOrder::kRaster, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
      {PatchOrder::kSnake, {0, 1, 2, 3, 7, 6, 5, 4, 8, 9, 10, 11}},
      {PatchOrder::kSpiralIn, {0, 1, 2, 3, 7, 11, 10, 9, 8, 4, 5, 6}},
      {PatchOrder::kSpiralOut, {6, 5, 4, 8, 9, 10, 11, 7, 3, 2, 1, 0}},
      {PatchOrder::kZigzag, {0, 1, 4, 8, 5, 2, 3, 6, 9, 10, 7, 11}},
      {PatchOrder::kMorton, {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 10, 11}},
      {PatchOrder::kCoarseToFine, {0, 2, 8, 10, 1, 3, 4, 5, 6, 7, 9, 11}}};
  for (const auto& [order, cells] : wide) {
    EXPECT_EQ(CellsInOrder(order, {3, 4}, 0), cells) << EnumName(order);
  }
  EXPECT_EQ(CellsInOrder(PatchOrder::kHilbert, {2, 2}, 0), (Cells{0, 2, 3, 1}));
}

// The longest distance between cells that follow each other; 1 if all are neighbours.
int64_t LongestStep(PatchOrder order, PatchGrid grid) {
  const Cells cells = CellsInOrder(order, grid, 0);
  int64_t longest = 0;
  for (size_t i = 1; i < cells.size(); ++i) {
    longest = std::max(longest, std::abs(cells[i] / grid.cols - cells[i - 1] / grid.cols) +
                                    std::abs(cells[i] % grid.cols - cells[i - 1] % grid.cols));
  }
  return longest;
}

TEST(PatchOrder, CurvesGoFromNeighbourToNeighbour) {
  for (const int64_t side : {2, 4, 8, 16}) {
    for (const PatchOrder order : {PatchOrder::kSnake, PatchOrder::kSpiralIn,
                                   PatchOrder::kSpiralOut, PatchOrder::kHilbert}) {
      EXPECT_EQ(LongestStep(order, {side, side}), 1) << EnumName(order) << " " << side;
    }
  }
  EXPECT_EQ(LongestStep(PatchOrder::kSnake, {5, 7}), 1);
  EXPECT_EQ(LongestStep(PatchOrder::kSpiralIn, {5, 7}), 1);
}

TEST(PatchOrder, OnlyRandomHearsTheKey) {
  for (const PatchOrder order : EveryValue<PatchOrder>()) {
    std::set<Cells> orders;
    for (uint64_t key = 0; key < 20; ++key) {
      orders.insert(CellsInOrder(order, {4, 4}, key));
    }
    EXPECT_EQ(orders.size(), order == PatchOrder::kRandom ? 20 : 1) << EnumName(order);
  }
}

TEST(PatchOrder, RandomPutsEveryPatchEverywhereAlike) {
  constexpr int64_t kKeys = 4000, kCells = 6;
  std::map<int64_t, int64_t> first;
  for (int64_t picture = 0; picture < kKeys; ++picture) {
    ++first[CellsInOrder(PatchOrder::kRandom, {2, 3}, PictureKey(7, picture))[0]];
  }
  const double mean = double(kKeys) / kCells;
  for (int64_t cell = 0; cell < kCells; ++cell) {
    EXPECT_NEAR(double(first[cell]), mean, 4.5 * std::sqrt(mean)) << cell;
  }
}

// The bits a patch that a picture costs whose patches are one Gaussian field of covariance
// exp(-distance / 3), +.01 on the diagonal, when each is predicted from the last `context` before
// it: half the logarithm of 2 pi e times its conditional variance, the last pivot of Cholesky.
class Field {
 public:
  explicit Field(PatchGrid grid) : grid_(grid) {}

  double Bits(const Cells& cells, int64_t context) const {
    double bits = 0;
    for (int64_t t = 0; t < std::ssize(cells); ++t) {
      const int64_t first = std::max<int64_t>(0, t - context);
      bits += std::log2(2 * M_PI * M_E * LastPivot({cells.begin() + first, cells.begin() + t + 1}));
    }
    return bits / 2 / double(cells.size());
  }

 private:
  double Covariance(int64_t a, int64_t b) const {
    const auto rows = double(a / grid_.cols - b / grid_.cols);
    const auto cols = double(a % grid_.cols - b % grid_.cols);
    return std::exp(-std::hypot(rows, cols) / 3) + (a == b ? .01 : 0);
  }

  double LastPivot(const Cells& cells) const {
    const size_t size = cells.size();
    std::vector<std::vector<double>> root(size, std::vector<double>(size, 0));
    double pivot = 0;
    for (size_t i = 0; i < size; ++i) {
      for (size_t j = 0; j <= i; ++j) {
        double rest = Covariance(cells[i], cells[j]);
        for (size_t k = 0; k < j; ++k) {
          rest -= root[i][k] * root[j][k];
        }
        root[i][j] = i == j ? std::sqrt(rest) : rest / root[j][j];
        pivot = rest;
      }
    }
    return pivot;
  }

  PatchGrid grid_;
};

TEST(PatchOrder, CostsWhatTheChainRuleSays) {
  const Field field({8, 8});
  constexpr std::array<int64_t, 5> kContexts = {1, 4, 8, 16, 32};
  const std::map<PatchOrder, std::array<double, 5>> table = {
      {PatchOrder::kRaster, {1.6119, 1.6000, 1.3736, 1.3682, 1.3677}},
      {PatchOrder::kSnake, {1.5574, 1.5220, 1.4690, 1.3682, 1.3677}},
      {PatchOrder::kSpiralIn, {1.5574, 1.5431, 1.5286, 1.4779, 1.3688}},
      {PatchOrder::kSpiralOut, {1.5574, 1.5431, 1.5286, 1.4779, 1.3688}},
      {PatchOrder::kZigzag, {1.6782, 1.5594, 1.4462, 1.3684, 1.3677}},
      {PatchOrder::kHilbert, {1.5574, 1.4631, 1.4294, 1.3965, 1.3817}},
      {PatchOrder::kMorton, {1.6631, 1.4907, 1.4294, 1.3978, 1.3677}},
      {PatchOrder::kCoarseToFine, {1.7668, 1.6628, 1.5291, 1.4751, 1.4108}}};
  for (const PatchOrder order : EveryValue<PatchOrder>()) {
    const Cells cells = CellsInOrder(order, {8, 8}, 1);
    EXPECT_NEAR(field.Bits(cells, 64), 1.367674, 1e-6) << EnumName(order);
    if (order == PatchOrder::kRandom) {
      EXPECT_GT(field.Bits(cells, 1), 1.8);  // worse than any other: its table is one draw's
      continue;
    }
    for (size_t i = 0; i < kContexts.size(); ++i) {
      EXPECT_NEAR(field.Bits(cells, kContexts[i]), table.at(order)[i], 1e-4)
          << EnumName(order) << " " << kContexts[i];
    }
  }
}

}  // namespace
}  // namespace tessera
