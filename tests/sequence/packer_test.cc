#include "sequence/packer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <set>

#include "sequence/patch_order.h"
#include "tests/sequence/arrangements.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

std::vector<Sequence> OfLengths(const std::vector<int64_t>& lengths) {
  std::vector<Sequence> sequences;
  for (const int64_t length : lengths) {
    sequences.push_back({.ids = std::vector<int64_t>(length, 1),
                         .weights = std::vector<float>(length, 1),
                         .pictures = {}});
  }
  return sequences;
}

class PackerTest : public testing::Test {
 protected:
  PackerTest() {
    for (int64_t i = 0; i < 50; ++i) {
      documents_.push_back(ToyDocument(i));
      sequences_.push_back(Layout(documents_.back(), spec_, tokenizer_, {.noise = {0.5, 0.25}}));
    }
  }

  Tokenizer tokenizer_ = ToyTokenizer();
  LayoutSpec spec_ = ToyLayout(tokenizer_);
  std::vector<Document> documents_;
  std::vector<Sequence> sequences_;
};

TEST(AssignRows, PutsTheLongestFirstIntoTheFirstRowWithRoom) {
  EXPECT_EQ(AssignRows(OfLengths({3, 7, 5, 2, 3, 9}), 10),
            (std::vector<Row>{{5}, {1, 0}, {2, 4, 3}}));
}

TEST(AssignRows, GivesATooLongSequenceARowOfItsOwn) {
  EXPECT_EQ(AssignRows(OfLengths({1, 12}), 10), (std::vector<Row>{{1}, {0}}));
}

// The definition: every row is asked in turn.
std::vector<Row> FirstFit(const std::vector<Sequence>& sequences, int64_t row_length) {
  Row longest_first(sequences.size());
  std::iota(longest_first.begin(), longest_first.end(), 0);
  std::ranges::stable_sort(longest_first, std::ranges::greater(),
                           [&](int64_t i) { return sequences[i].size(); });
  std::vector<Row> rows;
  std::vector<int64_t> room;
  for (const int64_t i : longest_first) {
    const auto has_room = [&](int64_t slots) { return slots >= sequences[i].size(); };
    const size_t row = std::ranges::find_if(room, has_room) - room.begin();
    if (row == rows.size()) {
      rows.emplace_back();
      room.push_back(row_length);
    }
    rows[row].push_back(i);
    room[row] -= sequences[i].size();
  }
  return rows;
}

TEST(AssignRows, GivesTheRowsThatAskingEachInTurnGives) {
  EXPECT_EQ(AssignRows({}, 10), std::vector<Row>());
  std::mt19937 rng(1);
  for (int64_t trial = 0; trial < 300; ++trial) {
    std::vector<int64_t> lengths(1 + rng() % 200);
    for (int64_t& length : lengths) {
      length = 1 + static_cast<int64_t>(rng() % (1 + rng() % 120));
    }
    const std::vector<Sequence> sequences = OfLengths(lengths);
    for (const int64_t row_length : {1, 37, 100, 1000}) {
      ASSERT_EQ(AssignRows(sequences, row_length), FirstFit(sequences, row_length))
          << trial << " " << row_length;
    }
  }
}

TEST_F(PackerTest, PlacesEverySequenceOnceAndFillsNoRowBeyondItsLength) {
  for (const int64_t row_length : {50, 100, 1000}) {
    std::multiset<int64_t> placed;
    for (const Row& row : AssignRows(sequences_, row_length)) {
      int64_t used = 0;
      for (const int64_t i : row) {
        placed.insert(i);
        used += sequences_[i].size();
      }
      EXPECT_LE(used, row_length);
    }
    EXPECT_EQ(placed.size(), sequences_.size());
    EXPECT_EQ(std::set(placed.begin(), placed.end()).size(), sequences_.size());
  }
}

TEST_F(PackerTest, ABatchUnpacksToItsDocuments) {
  const std::vector<Row> rows = AssignRows(sequences_, 80);
  ASSERT_GT(rows.size(), 1);
  std::vector<Document> expected;
  for (const Row& row : rows) {
    for (const int64_t i : row) {
      expected.push_back(documents_[i]);
    }
  }
  EXPECT_EQ(Unpack(Pack(sequences_, 80, spec_.patch), spec_, tokenizer_), expected);
}

TEST_F(PackerTest, EveryTargetIsTheNextSlotOfTheSameDocument) {
  const Batch batch = Pack(sequences_, 80, spec_.patch);
  const auto id = batch.id_BT.accessor<int64_t, 2>();
  const auto document = batch.document_BT.accessor<int64_t, 2>();
  const auto target = batch.target_BT.accessor<int64_t, 2>();
  const auto weight = batch.weight_BT.accessor<float, 2>();
  const std::set<int64_t> certain = {spec_.vocabulary.patch(), spec_.vocabulary.end_image()};
  for (int64_t b = 0; b < batch.rows(); ++b) {
    for (int64_t t = 0; t < batch.slots(); ++t) {
      const bool continues =
          t + 1 < batch.slots() && document[b][t] >= 0 && document[b][t] == document[b][t + 1];
      const bool scored = continues && !certain.contains(id[b][t + 1]);
      EXPECT_EQ(target[b][t], scored ? id[b][t + 1] : -1) << b << " " << t;
      EXPECT_EQ(weight[b][t], scored ? 1 : 0) << b << " " << t;
    }
  }
}

TEST_F(PackerTest, PositionsStartAnewInEachDocument) {
  const Batch batch = PackRows(sequences_, {{2, 0}, {1}}, spec_.patch);
  const int64_t first = sequences_[2].size(), second = sequences_[0].size();
  const auto row = [](const torch::Tensor& x_BT, int64_t b, int64_t start, int64_t size) {
    return x_BT[b].narrow(0, start, size);
  };
  EXPECT_TRUE(torch::equal(row(batch.position_BT, 0, 0, first), at::arange(first)));
  EXPECT_TRUE(torch::equal(row(batch.position_BT, 0, first, second), at::arange(second)));
  EXPECT_TRUE(row(batch.document_BT, 0, 0, first).eq(0).all().item<bool>());
  EXPECT_TRUE(row(batch.document_BT, 0, first, second).eq(1).all().item<bool>());
  const int64_t used = sequences_[1].size(), padding = batch.slots() - used;
  EXPECT_TRUE(row(batch.document_BT, 1, used, padding).eq(-1).all().item<bool>());
}

TEST_F(PackerTest, PatchesStandInAscendingSlotsWithTheirPlaces) {
  const Batch batch = Pack(sequences_, 80, spec_.patch);
  EXPECT_TRUE(batch.patch_slot_P.diff().gt(0).all().item<bool>());
  const torch::Tensor is_patch_BT = batch.id_BT == spec_.vocabulary.patch();
  EXPECT_TRUE(torch::equal(is_patch_BT.flatten().nonzero().squeeze(1), batch.patch_slot_P));
  const Document pictures{{NoisePicture(4, 4, 1), NoisePicture(2, 6, 1)}};
  const Presentation presentation{.noise = {0.5, 0.25}, .hidden = {true}};
  const Batch two = Pack({Layout(pictures, spec_, tokenizer_, presentation)}, 80, spec_.patch);
  EXPECT_TRUE(torch::equal(
      two.patch_row_col_P2,
      torch::tensor({0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 2}, torch::kInt64).view({7, 2})));
  EXPECT_TRUE(torch::equal(two.turn_P, torch::tensor({0, 1, 2, 3, 0, 1, 2}, torch::kInt64)));
  EXPECT_TRUE(torch::equal(two.noise_P, torch::tensor({.5f, .5f, .5f, .5f, .25f, .25f, .25f})));
  EXPECT_TRUE(torch::equal(two.hidden_P, at::arange(7) < 4));
  EXPECT_TRUE(torch::equal(two.scored_P, at::arange(7) >= 4));
}

TEST_F(PackerTest, PatchesStandInTheOrderAskedForWithTheirOwnPlaces) {
  const Document pictures{{NoisePicture(4, 4, 1), "text", NoisePicture(2, 6, 2)}};
  for (const PatchOrder order : EveryValue<PatchOrder>()) {
    spec_.arrangement.order = order;
    const Batch batch =
        Pack({Layout(pictures, spec_, tokenizer_, {.order_key = 3})}, 80, spec_.patch);
    int64_t p = 0;
    for (const int64_t segment : {0, 2}) {
      const Image& image = *AsImage(pictures.segments[segment]);
      const torch::Tensor patch_ND = Patchify(image, spec_.patch);
      const PatchGrid grid{image.height / spec_.patch, image.width / spec_.patch};
      int64_t turn = 0;
      for (const int64_t cell : CellsInOrder(order, grid, PictureKey(3, segment / 2))) {
        const torch::Tensor place = torch::tensor({cell / grid.cols, cell % grid.cols});
        EXPECT_TRUE(torch::equal(batch.patch_PD[p], patch_ND[cell])) << EnumName(order);
        EXPECT_TRUE(torch::equal(batch.patch_row_col_P2[p], place)) << EnumName(order);
        EXPECT_EQ(batch.turn_P[p++].item<int64_t>(), turn++);
      }
    }
  }
}

TEST_F(PackerTest, RowsAreAMultipleOfEightLong) {
  for (const int64_t row_length : {60, 80, 100}) {
    EXPECT_EQ(Pack(sequences_, row_length, spec_.patch).slots() % 8, 0);
  }
}

TEST_F(PackerTest, ABatchWithoutPicturesHasNoPatches) {
  const Batch batch = Pack({Layout({{"text"}}, spec_, tokenizer_)}, 80, spec_.patch);
  EXPECT_EQ(batch.patches(), 0);
  EXPECT_EQ(batch.patch_PD.sizes(), (torch::IntArrayRef{0, 12}));
  EXPECT_TRUE(batch.To(torch::kCPU) == batch);
}

}  // namespace
}  // namespace tessera
