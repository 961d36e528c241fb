// What every order, kind of positions and mask promises of the model's hidden states and losses.
#include <gtest/gtest.h>

#include "ops/random.h"
#include "sequence/packer.h"
#include "sequence/slots.h"
#include "tests/infer/toy_run.h"
#include "tests/model/changed_batch.h"
#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

ToyRun Arranged(const Arrangement& arrangement) { return ToyRun({{2, 2}, {1, 3}}, arrangement); }

Document Story() {
  return {{"a red dot", NoisePicture(4, 4, 1), "of a document", NoisePicture(2, 6, 2), "dot"}};
}

Batch BatchOf(const std::vector<Document>& documents, const ToyRun& toy) {
  std::vector<Sequence> sequences;
  Row row;
  for (const Document& document : documents) {
    row.push_back(std::ssize(sequences));
    sequences.push_back(Layout(document, toy.layout, toy.tokenizer));
  }
  return PackRows(sequences, {row}, toy.layout.patch);
}

TEST(Arrangement, ASlotHearsOfWhatItSeesAndOfNothingElse) {
  const torch::NoGradGuard no_grad;
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy = Arranged(arrangement);
    const Batch batch = BatchOf({Story()}, toy);
    const Tensor h_TW = toy.model->Hidden(batch, {})[0];
    for (int64_t slot = 0; slot < batch.slots(); ++slot) {
      const ModelInput changed = ChangedAt(slot, batch, toy.layout.vocabulary);
      const Tensor g_TW = toy.model->Hidden(changed, {})[0];
      for (int64_t t = 0; t < batch.slots(); ++t) {
        const bool sees = batch.visible_to_BT[0][t].item<int64_t>() >= slot &&
                          (!batch.visible_from_BT.defined() ||
                           batch.visible_from_BT[0][t].item<int64_t>() <= slot);
        EXPECT_EQ(torch::equal(g_TW[t], h_TW[t]), !sees)
            << NameOf(arrangement) << " " << slot << " " << t;
      }
    }
  }
}

// An encoder for each picture: the pictures meet in the text behind them.
TEST(Arrangement, UnderBlockDiagonalAPictureHearsOfNoOtherAndTextOfBoth) {
  const torch::NoGradGuard no_grad;
  const Document pair = {{NoisePicture(4, 4, 1), NoisePicture(4, 4, 2), "a red dot"}};
  for (const AttentionMask mask : {AttentionMask::kCausal, AttentionMask::kBlockDiagonal}) {
    const ToyRun toy = Arranged({.mask = mask});
    const Batch batch = BatchOf({pair}, toy);
    Batch changed = batch;
    changed.patch_PD = batch.patch_PD.clone();
    changed.patch_PD.narrow(0, 0, 4) += .5;  // all of the first picture
    const Tensor h_TW = toy.model->Hidden(batch, {})[0], g_TW = toy.model->Hidden(changed, {})[0];
    const int64_t second = batch.patch_slot_P[4].item<int64_t>(), text = second + 5;
    for (int64_t t = second; t < batch.slots(); ++t) {
      const bool picture = t < second + 4;
      const bool hears = !picture || mask == AttentionMask::kCausal;
      EXPECT_EQ(!torch::equal(g_TW[t], h_TW[t]), hears) << EnumName(mask) << " " << t;
    }
    EXPECT_LT(text, batch.slots());
  }
}

TEST(Arrangement, NoSlotSeesWhatItMustPredict) {
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy = Arranged(arrangement);
    const int64_t ahead = arrangement.patches_at_once();
    int64_t scored = 0;
    for (uint64_t seed = 0; seed < 12; ++seed) {
      const Batch batch = BatchOf({ToyDocument(seed)}, toy);
      const auto seen = batch.visible_to_BT.accessor<int64_t, 2>()[0];
      for (int64_t t = 0; t < batch.slots(); ++t) {
        const bool predicts = batch.target_BT[0][t].item<int64_t>() >= 0;
        EXPECT_TRUE(!predicts || seen[t] == t) << NameOf(arrangement) << " " << t;
      }
      for (int64_t p = 0; p < batch.patches(); ++p) {
        const int64_t slot = batch.patch_slot_P[p].item<int64_t>();
        if (batch.scored_P[p].item<bool>()) {
          EXPECT_LT(seen[slot - ahead], slot) << NameOf(arrangement);
          ++scored;
        }
      }
    }
    EXPECT_GT(scored, 20);
  }
}

TEST(Arrangement, SeesADocumentInARowAsItSeesItAlone) {
  const torch::NoGradGuard no_grad;
  const Document captioned = {{NoisePicture(4, 4, 3), "a red dot"}};
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy = Arranged(arrangement);
    const Tensor both_TW = toy.model->Hidden(BatchOf({Story(), captioned, Story()}, toy), {})[0];
    int64_t first = 0;
    for (const Document& document : {Story(), captioned, Story()}) {
      const Tensor alone_TW = toy.model->Hidden(BatchOf({document}, toy), {})[0];
      const Tensor here_TW = both_TW.narrow(0, first, alone_TW.size(0));
      EXPECT_TRUE(torch::allclose(here_TW, alone_TW, 1e-4, 1e-5)) << NameOf(arrangement);
      first += alone_TW.size(0);
    }
  }
}

TEST(Arrangement, TextAloneIsTheSameUnderAllPositionsAndOrders) {
  const torch::NoGradGuard no_grad;
  const Document text = {{"text of a red dot"}};
  const ToyRun plain = Arranged({});
  const Tensor h_BTW = plain.model->Hidden(BatchOf({text}, plain), {});
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy = Arranged(arrangement);
    EXPECT_TRUE(torch::equal(toy.model->Hidden(BatchOf({text}, toy), {}), h_BTW))
        << NameOf(arrangement);
  }
}

TEST(Arrangement, PositionsTellPicturesApart) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> states;
  for (const Positions positions : EveryValue<Positions>()) {
    const ToyRun toy = Arranged({.positions = positions});
    states.push_back(toy.model->Hidden(BatchOf({Story()}, toy), {}));
    for (size_t other = 0; other + 1 < states.size(); ++other) {
      EXPECT_FALSE(torch::equal(states[other], states.back())) << other;
    }
  }
}

Tensor LossOf(const ToyRun& toy, const Batch& batch) {
  return toy.model
      ->Loss(batch, {.text = 1, .image = 1}, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0))
      .total;
}

TEST(Arrangement, BlocksOfOnePatchAreCausalToTheBit) {
  const ToyRun causal = Arranged({});
  const ToyRun block = Arranged({.mask = AttentionMask::kBlockCausal, .block = 1});
  EXPECT_TRUE(torch::equal(LossOf(causal, BatchOf({Story()}, causal)),
                           LossOf(block, BatchOf({Story()}, block))));
}

TEST(Arrangement, TheImageLossReadsTheStatesABlockBefore) {
  const torch::NoGradGuard no_grad;
  const ToyRun toy = Arranged({.mask = AttentionMask::kBlockCausal, .block = 3});
  const Batch batch = BatchOf({Story()}, toy);
  const ModelLoss loss =
      toy.model->Loss(batch, {}, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0));
  const Tensor h_TW = toy.model->Hidden(batch, {})[0];
  ASSERT_EQ(loss.image_h_NW.size(0), 7);
  for (int64_t p = 0; p < 7; ++p) {
    const int64_t slot = batch.patch_slot_P[p].item<int64_t>() - 3;
    EXPECT_TRUE(torch::equal(loss.image_h_NW[p], h_TW[slot])) << p;
  }
}

TEST(Arrangement, ThePrefixIsNotScored) {
  const ToyRun toy = Arranged({.mask = AttentionMask::kPrefix});
  const auto counts = [&](const Document& document) {
    return CountLosses(BatchOf({document}, toy));
  };
  const Image square = NoisePicture(4, 4, 1);
  EXPECT_EQ(counts({{"a red dot", square}}).text, 2);  // the opener, the end
  EXPECT_EQ(counts({{"a red dot", square}}).image, 4);
  EXPECT_EQ(counts({{square, "dot"}}).image, 0);
  const double tokens = double(toy.tokenizer.Encode("dot").size());
  EXPECT_EQ(counts({{square, "dot"}}).text, tokens + 1);
  EXPECT_EQ(counts({{"dot"}}).text, tokens + 1);  // alone: nothing is given
  EXPECT_EQ(counts({{square}}).image, 4);
}

}  // namespace
}  // namespace tessera
