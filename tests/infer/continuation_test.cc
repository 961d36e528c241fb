#include "infer/continuation.h"

#include <gtest/gtest.h>

#include "ops/pixels.h"
#include "ops/random.h"
#include "sequence/patch_order.h"
#include "sequence/patches.h"
#include "tests/infer/toy_run.h"
#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

const Vocabulary& V() { return Toy().layout.vocabulary; }

class ContinuationTest : public testing::Test {
 protected:
  Continuation Continue(Document prompt, Until until) {
    rules_.emplace(ContinuationRules{Toy().tokenizer, Toy().layout, config_, until});
    return {std::move(prompt), *rules_, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0)};
  }

  GenerateConfig config_ = ToyGenerate();
  std::optional<ContinuationRules> rules_;
};

// "text picture end", as far as they are allowed. Ids that are never written are checked here.
std::string Allowed(const Continuation& row) {
  const Tensor logits_V = row.AllowedLogits(at::zeros({V().size()}));
  const Tensor allowed_V = logits_V == 0;
  for (const int64_t id : {V().document(), V().end_image(), V().null_text(), V().patch()}) {
    EXPECT_FALSE(allowed_V[id].item<bool>());
  }
  const auto all = [&](int64_t first, int64_t count) {
    const int64_t num = allowed_V.narrow(0, first, count).sum().item<int64_t>();
    EXPECT_TRUE(num == 0 || num == count);
    return num > 0;
  };
  return std::string(all(0, V().text_size()) ? "text " : "") +
         (all(V().opener(0), V().num_grids()) ? "picture " : "") +
         (all(V().end_document(), 1) ? "end" : "");
}

void Draw(Continuation& row) {
  while (row.drawing()) {
    row.AppendPatches(NearestPixels(at::full({std::ssize(row.NextCells()), 12}, .5)));
  }
}

TEST_F(ContinuationTest, UntilEndMayWriteDrawAndEnd) {
  Continuation row = Continue({{"a dot"}}, Until::kEnd);
  EXPECT_EQ(Allowed(row), "text picture end");
  row.AppendId(V().end_document());
  EXPECT_TRUE(row.done());
  EXPECT_EQ(row.document(), (Document{{"a dot"}}));
}

TEST_F(ContinuationTest, UntilImageAfterATextDrawsAtOnceAndEndsWithThePicture) {
  Continuation row = Continue({{"a dot"}}, Until::kImage);
  EXPECT_EQ(Allowed(row), "picture ");
  row.AppendId(V().opener(1));
  EXPECT_TRUE(row.drawing());
  Draw(row);
  EXPECT_TRUE(row.done());
  EXPECT_EQ(AsImage(row.document().segments.at(1))->width, 6);
}

TEST_F(ContinuationTest, UntilImageAfterAPictureMayWriteFirstButNotEnd) {
  Continuation row = Continue({{NoisePicture(4, 4, 1)}}, Until::kImage);
  EXPECT_EQ(Allowed(row), "text picture ");
  row.AppendId(1);
  EXPECT_EQ(Allowed(row), "text picture ");
}

TEST_F(ContinuationTest, UntilTextEndsBeforeThePictureThatTheModelWouldDraw) {
  Continuation row = Continue({{NoisePicture(4, 4, 1)}}, Until::kText);
  for (const int64_t id : Toy().tokenizer.Encode("dot")) {
    row.AppendId(id);
  }
  row.AppendId(V().opener(0));
  EXPECT_TRUE(row.done());
  EXPECT_EQ(row.document(), (Document{{NoisePicture(4, 4, 1), "dot"}}));
}

TEST_F(ContinuationTest, ATextHasAtMostMaxTextTokens) {
  Continuation row = Continue({{"a long prompt does not count"}}, Until::kEnd);
  for (int64_t i = 0; i < config_.max_text; ++i) {
    EXPECT_EQ(Allowed(row), "text picture end");
    row.AppendId(1);
  }
  EXPECT_EQ(Allowed(row), "picture end");
}

TEST_F(ContinuationTest, ADocumentHasAtMostMaxImagesNewPictures) {
  Continuation row = Continue({{NoisePicture(4, 4, 1)}}, Until::kEnd);
  for (int64_t i = 0; i < config_.max_images; ++i) {
    EXPECT_EQ(Allowed(row), "text picture end");
    row.AppendId(V().opener(0));
    Draw(row);
  }
  EXPECT_EQ(Allowed(row), "text end");
}

TEST_F(ContinuationTest, ATextThatContinuesAPromptBelongsToItsSegment) {
  Continuation row = Continue({{"a red"}}, Until::kText);
  for (const int64_t id : Toy().tokenizer.Encode(" dot")) {
    row.AppendId(id);
  }
  row.AppendId(V().end_document());
  EXPECT_EQ(row.document(), (Document{{"a red dot"}}));
}

TEST_F(ContinuationTest, HasTheModelReadThePatchesOfTheDocumentThatItReturns) {
  Continuation row = Continue({}, Until::kEnd);
  row.AppendId(V().opener(0));
  EXPECT_EQ(row.NextUnread().at(0).id, V().opener(0));
  std::vector<Tensor> read;
  for (int64_t i = 0; i < 4; ++i) {
    row.AppendPatches(NearestPixels(at::full({1, 12}, .3 * static_cast<double>(i) - .123)));
    const ReadSlot slot = row.NextUnread().at(0);
    EXPECT_EQ(slot.id, V().patch());
    EXPECT_EQ(slot.turn, i);
    EXPECT_EQ(slot.cell, i);
    EXPECT_EQ(slot.grid, (PatchGrid{2, 2}));
    read.push_back(slot.patch_D);
  }
  EXPECT_EQ(row.NextUnread().at(0).id, V().end_image());
  EXPECT_FALSE(row.has_unread());
  const Tensor drawn_ND = Patchify(*AsImage(row.document().segments.at(0)), 2);
  EXPECT_TRUE(torch::equal(at::stack(read), drawn_ND));
}

TEST_F(ContinuationTest, PutsThePatchOfEachTurnWhereItsOrderSays) {
  for (const Arrangement& arrangement : EveryArrangement()) {
    LayoutSpec layout = Toy().layout;
    layout.arrangement = arrangement;
    const ContinuationRules rules{Toy().tokenizer, layout, config_, Until::kEnd};
    Continuation row({}, rules, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0));
    row.AppendId(V().opener(0));
    EXPECT_EQ(std::ssize(row.NextUnread()), arrangement.patches_at_once());
    std::vector<ReadSlot> read;
    while (row.drawing()) {
      row.AppendPatches(NearestPixels(at::rand({std::ssize(row.NextCells()), 12})));
      const ReadBlock block = row.NextUnread();
      read.insert(read.end(), block.begin(), block.end());
    }
    const auto cells =
        CellsInOrder(arrangement.order, {2, 2}, PictureKey(row.presentation().order_key, 0));
    const Tensor drawn_ND = Patchify(*AsImage(row.document().segments.at(0)), 2);
    ASSERT_EQ(read.size(), 4u) << NameOf(arrangement);
    for (int64_t turn = 0; turn < 4; ++turn) {
      EXPECT_EQ(read[turn].cell, cells[turn]) << NameOf(arrangement);
      EXPECT_EQ(read[turn].turn, turn) << NameOf(arrangement);
      EXPECT_TRUE(torch::equal(read[turn].patch_D, drawn_ND[cells[turn]])) << NameOf(arrangement);
    }
  }
}

TEST_F(ContinuationTest, ATextThatIsAPrefixIsNotWrittenOn) {
  LayoutSpec layout = Toy().layout;
  layout.arrangement.mask = AttentionMask::kPrefix;
  const ContinuationRules rules{Toy().tokenizer, layout, config_, Until::kEnd};
  const auto allowed = [&](const Document& prompt) {
    return Allowed(Continuation(prompt, rules, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0)));
  };
  EXPECT_EQ(allowed({{"a dot"}}), "picture end");
  EXPECT_EQ(allowed({{NoisePicture(4, 4, 1)}}), "text picture end");
  EXPECT_EQ(allowed({}), "text picture end");
}

TEST_F(ContinuationTest, AddsNoiseToWhatTheModelReadsAndTellsIt) {
  config_.input_noise = .25;
  Continuation row = Continue({}, Until::kImage);
  row.AppendId(V().opener(0));
  Draw(row);
  row.NextUnread();
  const Tensor drawn_ND = Patchify(*AsImage(row.document().segments.at(0)), 2);
  double squares = 0;
  for (int64_t i = 0; i < 4; ++i) {
    const ReadSlot slot = row.NextUnread().at(0);
    EXPECT_EQ(slot.noise, .25);
    squares += (slot.patch_D - drawn_ND[i]).square().sum().item<double>();
  }
  // 48 squares of variance 2: four standard deviations of their mean are .82.
  EXPECT_NEAR(squares / 48 / (.25 * .25), 1, .82);
}

}  // namespace
}  // namespace tessera
