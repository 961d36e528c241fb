#include "analysis/measure/gather_documents.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "analysis/measure/evaluate.h"
#include "tests/distributed/fork_ranks.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

Document TwoSegments(int64_t number) {
  const auto side = number + 1;
  Image image{side, 2, std::vector<uint8_t>(3 * 2 * side, static_cast<uint8_t>(number))};
  return {{std::string(number, 'x'), std::move(image)}};
}

TEST(GatherDocuments, KeepsTextsPicturesAndTheOrderOfRanks) {
  OnRanks(3, [](const Ranks& ranks) {
    std::vector<Document> mine;  // as many as the number of the rank
    for (int64_t i = 0; i < ranks.rank(); ++i) {
      mine.push_back(TwoSegments(ranks.rank() + i));
    }
    const std::vector<Document> all = GatherDocuments(mine, ranks);
    EXPECT_EQ(all, std::vector<Document>({TwoSegments(1), TwoSegments(2), TwoSegments(3)}));
  });
}

// Losses, likelihoods and pictures of a run, as lines of text.
std::string Measured(const Run& run, const Ranks& ranks) {
  const auto files = std::make_shared<const Files>();
  Splits splits{*OpenDataset(run.config, Split::kTrain, files),
                *OpenDataset(run.config, Split::kTest, files), nullptr};
  EvaluateOptions options{.count = 10, .batch = 3, .ranks = ranks};
  const HeldOutLoss loss = *EvaluateLoss(run, splits.test, options);
  const HeldOutLikelihood likelihood = *EvaluateLikelihood(run, splits, options);
  std::string lines;
  for (const double number : {loss.text, loss.image, likelihood.bits, likelihood.error}) {
    lines += absl::StrCat(std::bit_cast<uint64_t>(number), "\n");
  }
  const std::vector<Document> prompts(5, Document{{std::string("a red dot")}});
  for (const Image& image : Draw(run, prompts, options).images) {
    lines.append(image.rgb.begin(), image.rgb.end());
  }
  return lines;
}

TEST(Evaluation, HasTheSameNumbersAndPicturesOnAnyNumberOfRanks) {
  const TempFolder folder;
  ASSERT_TRUE(TrainTiny(TinyRun({"train.steps=1"}), folder / "run").ok());
  for (const int64_t count : {1, 2, 3}) {
    OnRanks(count, [&](const Ranks& ranks) {
      const auto run = LoadRun(folder / "run", Files());
      ASSERT_TRUE(run.ok()) << run.status();
      std::ofstream(folder / absl::StrCat(count, "-", ranks.rank())) << Measured(*run, ranks);
    });
    for (int64_t rank = 0; rank < count; ++rank) {
      EXPECT_EQ(BytesOf(folder / absl::StrCat(count, "-", rank)), BytesOf(folder / "1-0"))
          << "rank " << rank << " of " << count;
    }
  }
  EXPECT_GT(BytesOf(folder / "1-0").size(), 5u * 3 * 4 * 4);
}

}  // namespace
}  // namespace tessera
