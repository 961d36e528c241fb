#include "sequence/slots.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

// `before` slots without patches, a picture, two slots more.
Sequence Around(PatchGrid grid, int64_t before, const Arrangement& arrangement) {
  Sequence sequence;
  sequence.ids.assign(before + grid.size() + 2, 0);
  sequence.weights.assign(sequence.ids.size(), 0);
  sequence.pictures = {{.first_slot = before, .grid = grid, .image = {}}};
  sequence.arrangement = arrangement;
  return sequence;
}

std::vector<RotaryCoordinates> Walk(const Sequence& sequence) {
  PositionCursor walk(sequence.arrangement.positions);
  return CoordinatesOf(sequence, &walk);
}

TEST(PositionCursor, CentresAPictureUnderTieV2) {
  const auto at = Walk(Around({3, 4}, 6, {.positions = Positions::kTieV2}));
  EXPECT_EQ(at[5], (RotaryCoordinates{5, 5}));
  EXPECT_EQ(at[6], (RotaryCoordinates{10.5, 10}));
  EXPECT_EQ(at[17], (RotaryCoordinates{12.5, 13}));
  EXPECT_EQ(at[18], (RotaryCoordinates{18, 18}));
  EXPECT_EQ(at[19], (RotaryCoordinates{19, 19}));
}

TEST(PositionCursor, FollowsItsFormulaUnderEveryKind) {
  const std::map<Positions, std::array<RotaryCoordinates, 4>> first_second_last_next = {
      {Positions::kRope1d, {{{6, 6}, {7, 7}, {17, 17}, {18, 18}}}},
      {Positions::kRope2d, {{{6, 6}, {6, 7}, {8, 9}, {18, 18}}}},
      {Positions::kTie, {{{10, 9}, {10, 13}, {20, 21}, {25, 25}}}},
      {Positions::kTieV2, {{{10.5, 10}, {10.5, 11}, {12.5, 13}, {18, 18}}}},
      {Positions::kMRope, {{{6, 6}, {6, 7}, {8, 9}, {10, 10}}}}};
  for (const Positions positions : EveryValue<Positions>()) {
    const auto at = Walk(Around({3, 4}, 6, {.positions = positions}));
    EXPECT_EQ((std::array{at[6], at[7], at[17], at[18]}), first_second_last_next.at(positions))
        << EnumName(positions);
  }
}

// The three principles, of every grid: which kind holds which is the table of sequence/slots.h.
TEST(PositionCursor, KeepsThePrinciplesThatItsKindPromises) {
  for (const Positions positions : EveryValue<Positions>()) {
    bool as_long = true, even = true;
    for (const PatchGrid grid : {PatchGrid{2, 2}, {3, 4}, {5, 2}, {1, 6}}) {
      const auto at = Walk(Around(grid, 3, {.positions = positions}));
      const int64_t first = 3, last = first + grid.size() - 1;
      for (int64_t slot : {0, 1, 2}) {
        EXPECT_EQ(at[slot], (RotaryCoordinates{double(slot), double(slot)}));
      }
      as_long &= at[last + 1][0] == double(last + 1);
      for (const int axis : {0, 1}) {
        even &= at[first][axis] - at[2][axis] == at[last + 1][axis] - at[last][axis];
      }
    }
    const bool tie = positions == Positions::kTie, line = positions == Positions::kRope1d;
    EXPECT_EQ(as_long, !tie && positions != Positions::kMRope) << EnumName(positions);
    EXPECT_EQ(even, tie || line || positions == Positions::kTieV2) << EnumName(positions);
  }
}

TEST(PositionCursor, FollowsThePlaceOfAPatchAndNotItsTurnButUnderRope1d) {
  for (const Positions positions : EveryValue<Positions>()) {
    const auto raster = Walk(Around({3, 4}, 2, {.positions = positions}));
    const auto spiral =
        Walk(Around({3, 4}, 2, {.order = PatchOrder::kSpiralOut, .positions = positions}));
    EXPECT_EQ(spiral == raster, positions == Positions::kRope1d);
    EXPECT_EQ(spiral[2] == raster[8], positions != Positions::kRope1d);  // cell 6 is drawn first
  }
}

TEST(LastVisible, IsTheSlotItselfUnderCausal) {
  EXPECT_EQ(LastVisible(Around({1, 3}, 2, {})), (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(FirstVisible, IsTheFirstSlotOfAPictureUnderBlockDiagonal) {
  const Arrangement alone = {.mask = AttentionMask::kBlockDiagonal};
  EXPECT_EQ(FirstVisible(Around({1, 3}, 2, alone)), (std::vector<int64_t>{0, 0, 2, 2, 2, 0, 0}));
  EXPECT_EQ(LastVisible(Around({1, 3}, 2, alone)), LastVisible(Around({1, 3}, 2, {})));
  EXPECT_EQ(FirstVisible(Around({1, 3}, 2, {})), std::vector<int64_t>(7, 0));
}

TEST(LastVisible, IsTheEndOfThePrefix) {
  Sequence sequence = Around({1, 3}, 3, {.mask = AttentionMask::kPrefix});
  sequence.prefix = 2;
  EXPECT_EQ(LastVisible(sequence), (std::vector<int64_t>{1, 1, 2, 3, 4, 5, 6, 7}));
  sequence.prefix = 7;  // the picture and its end
  EXPECT_EQ(LastVisible(sequence), (std::vector<int64_t>{6, 6, 6, 6, 6, 6, 6, 7}));
}

TEST(LastVisible, IsTheEndOfTheBlockAndOpenersAreABlock) {
  const Arrangement two = {.mask = AttentionMask::kBlockCausal, .block = 2};
  EXPECT_EQ(LastVisible(Around({1, 5}, 3, two)),
            (std::vector<int64_t>{0, 2, 2, 4, 4, 6, 6, 7, 8, 9}));
}

TEST(LastVisible, IsTheEndOfThePictureWhereItsPatchesAreDrawnTogether) {
  for (const ObjectiveKind objective : {ObjectiveKind::kWhole, ObjectiveKind::kMasked}) {
    EXPECT_EQ(LastVisible(Around({1, 3}, 2, {.objective = objective})),
              (std::vector<int64_t>{0, 1, 4, 4, 4, 5, 6}));
  }
  EXPECT_EQ(LastVisible(Around({1, 3}, 2, {.objective = ObjectiveKind::kCopies})),
            LastVisible(Around({1, 3}, 2, {})));
}

}  // namespace
}  // namespace tessera
