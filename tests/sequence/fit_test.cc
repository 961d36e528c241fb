#include "sequence/fit.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

using Slots = std::vector<int64_t>;

SegmentSize Text(int64_t slots) { return {slots, false}; }
SegmentSize Picture(int64_t slots) { return {slots, true}; }

TEST(FitSegments, KeepsAllOfWhatFits) {
  EXPECT_EQ(FitSegments({Text(3), Picture(5), Text(2)}, 10), (Slots{3, 5, 2}));
  EXPECT_EQ(FitSegments({}, 10), Slots());
}

TEST(FitSegments, CutsATextForTheNextPictureAndTheEndBehindTheLast) {
  EXPECT_EQ(FitSegments({Text(9), Picture(5)}, 10), (Slots{4, 5}));
  EXPECT_EQ(FitSegments({Picture(5), Text(9)}, 10), (Slots{5, 5}));
  EXPECT_EQ(FitSegments({Text(9), Picture(5), Text(3)}, 10), (Slots{5, 5, 0}));
  EXPECT_EQ(FitSegments({Text(9), Text(9), Picture(5)}, 10), (Slots{4, 0, 5}));
  EXPECT_EQ(FitSegments({Text(9), Picture(10)}, 10), (Slots{0, 10}));
  EXPECT_EQ(FitSegments({Text(12), Text(1)}, 10), (Slots{10, 0}));
}

TEST(FitSegments, EndsBeforeAPictureThatHasNoRoom) {
  EXPECT_EQ(FitSegments({Text(2), Picture(5), Text(2), Picture(5), Text(1)}, 10),
            (Slots{2, 5, 2, 0, 0}));
  EXPECT_EQ(FitSegments({Picture(5), Picture(6), Text(1)}, 10), (Slots{5, 0, 0}));
}

// Over all documents of up to four segments of a few sizes, in rows of all lengths.
TEST(FitSegments, NeverExceedsTheRoomNorSplitsAPictureNorLosesAFirstThatFits) {
  const SegmentSize choices[] = {Text(1), Text(4), Text(30), Picture(3), Picture(5)};
  for (int64_t code = 0; code < 5 * 5 * 5 * 5; ++code) {
    std::vector<SegmentSize> segments;
    for (int64_t rest = code; rest > 0; rest /= 5) {
      segments.push_back(choices[rest % 5]);
    }
    for (int64_t room = 0; room < 40; ++room) {
      const Slots kept = FitSegments(segments, room);
      ASSERT_EQ(kept.size(), segments.size());
      EXPECT_LE(std::accumulate(kept.begin(), kept.end(), int64_t{0}), room);
      bool first = true;
      for (size_t i = 0; i < kept.size(); ++i) {
        EXPECT_LE(kept[i], segments[i].slots);
        if (segments[i].is_picture) {
          EXPECT_TRUE(kept[i] == 0 || kept[i] == segments[i].slots);
          EXPECT_TRUE(!first || kept[i] > 0 || segments[i].slots > room) << code << " " << room;
          first = false;
        }
      }
    }
  }
}

class Captions : public Dataset {
 public:
  explicit Captions(std::vector<Document> documents) : documents_(std::move(documents)) {}
  int64_t size() const override { return std::ssize(documents_); }
  absl::StatusOr<Document> Get(int64_t index) const override { return documents_.at(index); }
  absl::StatusOr<Document> Outline(int64_t index) const override {
    Document outline = documents_.at(index);
    for (Segment& segment : outline.segments) {
      if (Image* image = std::get_if<Image>(&segment)) {
        *image = {};
      }
    }
    return outline;
  }

 private:
  std::vector<Document> documents_;
};

class FindTooLongTest : public testing::Test {
 protected:
  FindTooLongTest() {
    layout_.max_slots = 10;
    data_.kind = DataKind::kImageFolder;
  }

  Tokenizer tokenizer_ = ToyTokenizer();
  LayoutSpec layout_ = ToyLayout(tokenizer_);
  DataConfig data_;
  // <doc>, the text, 6 slots of a square picture or 5 of a wide one, <end-doc>
  std::shared_ptr<const Dataset> dataset_ = std::make_shared<Captions>(
      std::vector<Document>{{{" red dot", NoisePicture(4, 4, 1)}},
                            {{" red dot red", NoisePicture(4, 4, 1)}},
                            {{" red dot red", NoisePicture(2, 6, 1)}},
                            {{NoisePicture(2, 6, 1), NoisePicture(2, 6, 1), " red"}}});
};

TEST_F(FindTooLongTest, NamesWhatLosesAPartByTheGridThatPicturesTake) {
  const TooLong found = FindTooLong(*dataset_, data_, layout_, tokenizer_).value();
  EXPECT_EQ(found.looked_at, 4);
  EXPECT_EQ(found.indices, (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(found.named, (std::vector<std::string>{
                             "document 1: room for 2 of 3 tokens of text and 1 of 1 picture",
                             "document 3: room for 0 of 1 tokens of text and 1 of 2 pictures"}));
}

TEST_F(FindTooLongTest, IsRightAboutWhatLayoutKeeps) {
  const TooLong found = FindTooLong(*dataset_, data_, layout_, tokenizer_).value();
  LayoutSpec endless = layout_;
  endless.max_slots = 0;
  for (int64_t i = 0; i < dataset_->size(); ++i) {
    const Document document = dataset_->Get(i).value();
    const bool whole =
        Layout(document, layout_, tokenizer_) == Layout(document, endless, tokenizer_);
    EXPECT_EQ(!whole, std::ranges::binary_search(found.indices, i)) << i;
  }
}

TEST_F(FindTooLongTest, TheyAreCutOrLeftOutOrRefusedByTheNameOfTheirSplit) {
  TooLong found = FindTooLong(*dataset_, data_, layout_, tokenizer_).value();
  EXPECT_EQ(ToRead(dataset_, Split::kTrain, LongDocuments::kCut, &found).value(), dataset_);
  EXPECT_FALSE(found.left_out);
  EXPECT_EQ(ToRead(dataset_, Split::kTrain, LongDocuments::kStop, &found).status().message(),
            "2 of 4 documents do not fit train.row_length = 10; document 1: room for 2 of 3 tokens "
            "of text and 1 of 1 picture; raise it, shorten them, or set data.too_long = \"cut\" or "
            "\"skip\"");
  EXPECT_PRED_FORMAT2(
      testing::IsSubstring,
      "2 of 4 documents to test on do not fit train.row_length = 10; document 1",
      std::string(ToRead(dataset_, Split::kTest, LongDocuments::kStop, &found).status().message()));
  const auto part = ToRead(dataset_, Split::kTrain, LongDocuments::kSkip, &found).value();
  EXPECT_TRUE(found.left_out);
  ASSERT_EQ(part->size(), 2);
  EXPECT_EQ(part->Get(1).value(), dataset_->Get(2).value());
  EXPECT_EQ(part->Where(1), "document 2");
}

TEST_F(FindTooLongTest, ThatAllAreTooLongIsAnErrorAndThatNoneIsChangesNothing) {
  layout_.max_slots = 8;
  const auto long_ones = std::make_shared<Captions>(
      std::vector<Document>{{{" red dot red dot", NoisePicture(4, 4, 1)}}});
  TooLong all = FindTooLong(*long_ones, data_, layout_, tokenizer_).value();
  EXPECT_TRUE(
      absl::IsNotFound(ToRead(long_ones, Split::kTrain, LongDocuments::kSkip, &all).status()));
  EXPECT_EQ(ToRead(long_ones, Split::kTest, LongDocuments::kSkip, &all).value()->size(), 0)
      << "a test split may be empty";
  layout_.max_slots = 100;
  TooLong none = FindTooLong(*dataset_, data_, layout_, tokenizer_).value();
  EXPECT_EQ(ToRead(dataset_, Split::kTrain, LongDocuments::kStop, &none).value(), dataset_);
}

}  // namespace
}  // namespace tessera
