#include "analysis/report/data_stats.h"

#include <gtest/gtest.h>

#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

class Listed : public Dataset {
 public:
  explicit Listed(std::vector<Document> documents) : documents_(std::move(documents)) {}
  int64_t size() const override { return std::ssize(documents_); }
  absl::StatusOr<Document> Get(int64_t index) const override {
    return documents_[static_cast<size_t>(index)];
  }

 private:
  std::vector<Document> documents_;
};

SetToCount Birds() {
  const auto list = [](std::vector<Document> documents) {
    return std::make_shared<const Listed>(std::move(documents));
  };
  return {"birds", list({{{"A Bird, a bird"}}, {{"\xc3\xa9t\xc3\xa9", NoisePicture(4, 8, 1)}}}),
          list({{{NoisePicture(4, 8, 2)}}, {{NoisePicture(6, 5, 3)}}})};
}

TEST(DataStats, CountLettersWordsSizesAndNearestGrids) {
  const DataStats stats = *CountDocuments({Birds()}, {.grids = {{2, 2}, {1, 2}}});
  EXPECT_EQ(ToString(stats),
            "birds: 2 to train on, 2 to test on\n"
            "looked at: 4 documents with 2 texts and 3 pictures\n"
            "letters of a text: 3 to 14, 8.5 in the mean, half at most 3, 95% at most 3\n"
            "sizes of pictures: 4 x 8 (2), 6 x 5 (1)\n"
            "nearest grids: 2x2 (1), 1x2 (2)\n"
            "words: a (2), bird (2), \xc3\xa9t\xc3\xa9 (1)\n");
}

TEST(DataStats, TokensAreThoseOfTheTokenizer) {
  const Tokenizer tokenizer = ToyTokenizer();
  const DataStats stats = *CountDocuments({Birds()}, {.tokenizer = &tokenizer, .grids = {}});
  EXPECT_EQ(stats.tokens,
            (std::vector{static_cast<double>(tokenizer.Encode("A Bird, a bird").size()),
                         static_cast<double>(tokenizer.Encode("\xc3\xa9t\xc3\xa9").size())}));
}

TEST(DataStats, LookAtACountOfEachSplit) {
  const DataStats stats = *CountDocuments({Birds(), Birds()}, {.count = 1, .grids = {}});
  EXPECT_EQ(stats.looked_at, 4);
  EXPECT_EQ(stats.sets.size(), 2u);
}

TEST(DataStatsPage, NeedsNoNetwork) {
  const DataStats stats = *CountDocuments({Birds()}, {.grids = {{2, 2}}});
  const std::string page = DataStatsPage(stats, "birds & co");
  for (const char* part : {"birds &amp; co", "Lengths of texts", "4 x 8", "bird"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, page);
  }
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "src=\"http", page);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "<script", page);
}

}  // namespace
}  // namespace tessera
