#include "sequence/layout.h"

#include <gtest/gtest.h>

#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

class LayoutTest : public testing::Test {
 protected:
  std::vector<int64_t> Ids(const Document& document, const Presentation& presentation = {}) {
    return Layout(document, spec_, tokenizer_, presentation).ids;
  }

  Tokenizer tokenizer_ = ToyTokenizer();
  LayoutSpec spec_ = ToyLayout(tokenizer_);
  const Vocabulary& v_ = spec_.vocabulary;
  int64_t red_ = tokenizer_.Encode("a red dot")[1];  // " red"
  int64_t dot_ = tokenizer_.Encode("a red dot")[2];  // " dot"
  Image square_ = NoisePicture(4, 4, 1);             // 2x2 patches
  Image wide_ = NoisePicture(2, 6, 2);               // 1x3 patches
};

TEST_F(LayoutTest, WritesEverySlotOfADocument) {
  spec_.prompt_weight = 0.25;
  const Sequence sequence =
      Layout({{" red dot", square_, " dot", wide_, wide_, " red"}}, spec_, tokenizer_);
  const int64_t p = v_.patch(), end = v_.end_image();
  EXPECT_EQ(sequence.ids,
            (std::vector<int64_t>{v_.document(),    red_, dot_,                      //
                                  v_.opener(0),     p,    p,    p, p,   end,  dot_,  //
                                  v_.opener(1),     p,    p,    p, end,              //
                                  v_.opener(1),     p,    p,    p, end, red_,        //
                                  v_.end_document()}));
  EXPECT_EQ(sequence.weights, (std::vector<float>{0, 0.25, 0.25,              //
                                                  1, 0,    0,    0, 0, 0, 1,  //
                                                  1, 0,    0,    0, 0,        //
                                                  1, 0,    0,    0, 0, 1,     //
                                                  1}));
  ASSERT_EQ(sequence.pictures.size(), 3);
  EXPECT_EQ(sequence.pictures[0].first_slot, 4);
  EXPECT_EQ(sequence.pictures[0].image, square_);
  EXPECT_EQ(sequence.pictures[1].first_slot, 11);
  EXPECT_EQ(sequence.pictures[1].grid, (PatchGrid{1, 3}));
  EXPECT_EQ(sequence.pictures[2].first_slot, 16);
  EXPECT_EQ(sequence.pictures[2].image, wide_);
}

TEST_F(LayoutTest, ASegmentThatIsNotLearntHasItsSlotsAndNoWeights) {
  const Document whole{{" red dot", wide_, " dot", wide_, " red"}};
  const Sequence all = Layout(whole, spec_, tokenizer_);
  const size_t end[] = {3, 8, 9, 14, 16};  // of each segment; the last has <end-doc>
  for (uint64_t mask = 0; mask < 32; ++mask) {
    Document some = whole;
    std::vector<float> expected = all.weights;
    for (size_t i = 0; i < 5; ++i) {
      if (mask >> i & 1) {
        some.unscored.insert(i);
        std::fill(expected.begin() + (i == 0 ? 1 : end[i - 1]), expected.begin() + end[i], 0.f);
      }
    }
    const Sequence sequence = Layout(some, spec_, tokenizer_);
    EXPECT_EQ(sequence.ids, all.ids);
    EXPECT_EQ(sequence.weights, expected) << mask;
    EXPECT_EQ(sequence.pictures[0].scored, !some.unscored.contains(1));
    EXPECT_EQ(sequence.pictures[1].scored, !some.unscored.contains(3));
  }
}

TEST_F(LayoutTest, TextOfADocumentWithoutPicturesIsNoPrompt) {
  spec_.prompt_weight = 0.25;
  EXPECT_EQ(Layout({{" red", " dot"}}, spec_, tokenizer_).weights,
            (std::vector<float>{0, 1, 1, 1}));
}

TEST_F(LayoutTest, TextAfterAPictureIsNoPrompt) {
  spec_.prompt_weight = 0;
  EXPECT_EQ(Layout({{wide_, " red"}}, spec_, tokenizer_).weights,
            (std::vector<float>{0, 1, 0, 0, 0, 0, 1, 1}));
}

TEST_F(LayoutTest, AnEmptyDocumentHasTwoSlots) {
  EXPECT_EQ(Ids({}), (std::vector<int64_t>{v_.document(), v_.end_document()}));
}

TEST_F(LayoutTest, DroppedTextKeepsItsSlotsAndNothingIsScored) {
  const Document document{{" red dot", wide_, " dot"}};
  std::vector<int64_t> expected = Ids(document);
  for (int64_t& id : expected) {
    id = id < v_.text_size() ? v_.null_text() : id;
  }
  const Sequence dropped = Layout(document, spec_, tokenizer_, {.drop_text = true});
  EXPECT_EQ(dropped.ids, expected);
  EXPECT_EQ(dropped.weights, std::vector<float>(expected.size(), 0));
  EXPECT_FALSE(dropped.pictures[0].hidden);
}

TEST_F(LayoutTest, PicturesAreHiddenAndNoisyAsTold) {
  const Presentation presentation{.noise = {0.5, 0.25}, .hidden = {true}};
  const Sequence sequence = Layout({{wide_, wide_, wide_}}, spec_, tokenizer_, presentation);
  const auto expect = [&](int i, double noise, bool hidden) {
    EXPECT_EQ(sequence.pictures[i].noise, noise);
    EXPECT_EQ(sequence.pictures[i].hidden, hidden);
  };
  expect(0, 0.5, true);
  expect(1, 0.25, false);
  expect(2, 0, false);
}

TEST_F(LayoutTest, PicturesAreFittedToTheNearestGrid) {
  const Sequence sequence =
      Layout({{NoisePicture(9, 10, 1), NoisePicture(5, 20, 1)}}, spec_, tokenizer_);
  EXPECT_EQ(sequence.pictures[0].grid, (PatchGrid{2, 2}));
  EXPECT_EQ(sequence.pictures[0].image.width, 4);
  EXPECT_EQ(sequence.pictures[1].grid, (PatchGrid{1, 3}));
  EXPECT_EQ(sequence.pictures[1].image.width, 6);
}

TEST_F(LayoutTest, AppendsTheEndOnlyBehindAWholeLastSegment) {
  const auto ends = [&](const Document& document, int64_t max_slots) {
    spec_.max_slots = max_slots;
    return Ids(document).back() == v_.end_document();
  };
  const Document caption{{" red dot red", wide_}}, question{{wide_, " red dot red"}};
  EXPECT_TRUE(ends(caption, 10));
  EXPECT_TRUE(ends(caption, 8)) << "the caption is cut, the picture whole";
  EXPECT_TRUE(ends(question, 10));
  EXPECT_FALSE(ends(question, 9)) << "no room";
  EXPECT_FALSE(ends(question, 8)) << "the text is cut";
  EXPECT_FALSE(ends({{" red", wide_, wide_}}, 11)) << "the last picture has no room";
}

TEST_F(LayoutTest, ACaptionTooLongForItsRowIsCutAtATokenAndKeepsItsPicture) {
  const Document caption{{" red dot red dot", wide_}}, question{{wide_, " red dot red dot"}};
  const std::vector<int64_t> text = {red_, dot_, red_, dot_};
  for (int64_t kept = 0; kept <= 4; ++kept) {
    std::vector<int64_t> expected(text.begin(), text.begin() + kept);
    expected.insert(expected.begin(), v_.document());
    expected.insert(expected.end(), {v_.opener(1), v_.patch(), v_.patch(), v_.patch(),
                                     v_.end_image(), v_.end_document()});
    spec_.max_slots = 7 + kept;
    EXPECT_EQ(Ids(caption), expected) << kept;
    EXPECT_EQ(Ids(question).size(), static_cast<size_t>(7 + kept)) << kept;
    EXPECT_EQ(Layout(question, spec_, tokenizer_).pictures.size(), 1u) << kept;
  }
}

TEST_F(LayoutTest, APromptIsADocumentWithoutItsEnd) {
  const Document document{{" red dot", wide_}};
  const Sequence prompt = LayoutPrompt(document, spec_, tokenizer_);
  std::vector<int64_t> expected = Ids(document);
  expected.pop_back();
  EXPECT_EQ(prompt.ids, expected);
  EXPECT_EQ(prompt.weights.size(), expected.size());
}

TEST_F(LayoutTest, APictureHasAsManyOpenersAsPatchesInABlock) {
  spec_.arrangement = {.mask = AttentionMask::kBlockCausal, .block = 2};
  const Sequence sequence = Layout({{" red", wide_}}, spec_, tokenizer_);
  const int64_t p = v_.patch(), opener = v_.opener(1);
  EXPECT_EQ(sequence.ids, (std::vector<int64_t>{v_.document(), red_, opener, opener, p, p, p,
                                                v_.end_image(), v_.end_document()}));
  EXPECT_EQ(sequence.weights, (std::vector<float>{0, 1, 1, 0, 0, 0, 0, 0, 1}));
  spec_.max_slots = 8;  // room for the picture and the end, not for the text
  EXPECT_EQ(Ids({{" red", wide_}}), (std::vector<int64_t>{v_.document(), opener, opener, p, p, p,
                                                          v_.end_image(), v_.end_document()}));
}

TEST_F(LayoutTest, ThePrefixIsTheFirstOfSeveralSegmentsOrTheFirstOfAPrompt) {
  spec_.arrangement.mask = AttentionMask::kPrefix;
  const auto prefix = [&](const Document& document) {
    return Layout(document, spec_, tokenizer_).prefix;
  };
  EXPECT_EQ(prefix({{" red dot", wide_, " dot"}}), 3);
  EXPECT_EQ(prefix({{wide_, " red dot"}}), 6);
  EXPECT_EQ(prefix({{" red dot"}}), 0);
  EXPECT_EQ(prefix({}), 0);
  EXPECT_EQ(LayoutPrompt({{" red dot"}}, spec_, tokenizer_).prefix, 3);
  EXPECT_EQ(LayoutPrompt({{" red dot", wide_}}, spec_, tokenizer_).prefix, 3);
  EXPECT_EQ(LayoutPrompt({{" red dot"}}, spec_, tokenizer_, {.given = false}).prefix, 0);
  spec_.max_slots = 7;  // the text has no room
  EXPECT_EQ(prefix({{" red dot", wide_}}), 0);
  EXPECT_EQ(Layout({{" red", wide_, " dot"}}, spec_, tokenizer_).weights,
            (std::vector<float>{0, 0, 1, 0, 0, 0, 0}));
}

TEST_F(LayoutTest, SaysWhenAPictureHasNoRoomInARow) {
  spec_.max_slots = 8;
  EXPECT_TRUE(CheckLayout(spec_).ok());
  spec_.max_slots = 7;
  EXPECT_EQ(CheckLayout(spec_).message(),
            "train.row_length = 7 has no room for a picture of 2x2 patches; it must be at least 8, "
            "and more for its text");
  spec_.arrangement = {.mask = AttentionMask::kBlockCausal, .block = 3};
  spec_.max_slots = 10;
  EXPECT_TRUE(CheckLayout(spec_).ok());
  spec_.max_slots = 9;
  EXPECT_FALSE(CheckLayout(spec_).ok());
}

TEST_F(LayoutTest, SaysWhichPictureHasNoWholeNumberOfJointBlocks) {
  spec_.grids = {{2, 2}, {1, 3}};
  spec_.arrangement = {.mask = AttentionMask::kBlockCausal, .block = 2};
  EXPECT_TRUE(CheckLayout(spec_).ok());
  spec_.arrangement.block_head = BlockHead::kJoint;
  EXPECT_EQ(CheckLayout(spec_).message(),
            "model.block_head = joint takes the 2 patches of a block as one, and a picture of 1x3 "
            "patches has no whole number of blocks; use another model.block or grid, or "
            "independent");
  spec_.arrangement.mask = AttentionMask::kCausal;  // then the key has no effect
  EXPECT_TRUE(CheckLayout(spec_).ok());
  spec_.arrangement.mask = AttentionMask::kBlockCausal;
  spec_.grids = {{2, 2}, {1, 4}};
  EXPECT_TRUE(CheckLayout(spec_).ok());
}

}  // namespace
}  // namespace tessera
