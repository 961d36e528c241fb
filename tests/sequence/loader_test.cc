#include "sequence/loader.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

BatchSource ToySource(int64_t documents, int64_t bad = -1) {
  const Tokenizer tokenizer = ToyTokenizer();
  LayoutSpec layout = ToyLayout(tokenizer);
  layout.max_slots = 100;
  BatchSource source{.dataset = std::make_shared<ToyDataset>(documents, bad),
                     .tokenizer = tokenizer,
                     .layout = layout,
                     .data = {}};
  source.documents = 5;
  source.seed = 3;
  return source;
}

std::unique_ptr<Loader> Start(BatchSource source, int64_t threads, int64_t first_step = 0) {
  source.data.threads = threads;
  return std::move(Loader::Start(std::move(source), first_step)).value();
}

TEST(Loader, GivesTheSameBatchesWithAnyNumberOfThreads) {
  const BatchSource source = ToySource(17);
  const auto none = Start(source, 0), one = Start(source, 1), three = Start(source, 3);
  for (int64_t step = 0; step < 30; ++step) {
    const absl::StatusOr<Batch> expected = none->Next();
    ASSERT_TRUE(expected.ok());
    EXPECT_TRUE(*one->Next() == *expected) << step;
    EXPECT_TRUE(*three->Next() == *expected) << step;
  }
}

TEST(Loader, ContinuesWhereARunWasCut) {
  const BatchSource source = ToySource(17);
  const auto whole = Start(source, 1);
  for (int64_t step = 0; step < 7; ++step) {
    ASSERT_TRUE(whole->Next().ok());
  }
  const auto resumed = Start(source, 2, 7);
  for (int64_t step = 7; step < 14; ++step) {
    EXPECT_TRUE(*resumed->Next() == *whole->Next()) << step;
  }
}

// Texts of the documents of `batches` batches, in no order.
std::multiset<std::string> TextsOf(const BatchSource& source, int64_t first, int64_t batches) {
  std::multiset<std::string> texts;
  for (int64_t step = first; step < first + batches; ++step) {
    for (const Document& document :
         Unpack(*MakeBatch(source, step), source.layout, source.tokenizer)) {
      texts.insert(*AsText(document.segments.at(0)));
    }
  }
  return texts;
}

class NumberedTexts : public Dataset {
 public:
  int64_t size() const override { return 35; }
  absl::StatusOr<Document> Get(int64_t index) const override {
    return Document{{"document " + std::to_string(index)}};
  }
};

TEST(Loader, ShowsEveryDocumentOnceAnEpoch) {
  BatchSource source = ToySource(1);
  source.dataset = std::make_shared<NumberedTexts>();
  std::multiset<std::string> all;
  for (int64_t i = 0; i < 35; ++i) {
    all.insert("document " + std::to_string(i));
  }
  for (const int64_t epoch : {0, 1, 2}) {
    EXPECT_EQ(TextsOf(source, 7 * epoch, 7), all) << epoch;
  }
  EXPECT_NE(TextsOf(source, 0, 1), TextsOf(source, 7, 1));
}

TEST(Loader, KeepsTheOrderOfTheDataSetWithoutShuffling) {
  BatchSource source = ToySource(1);
  source.dataset = std::make_shared<NumberedTexts>();
  source.shuffle = false;
  EXPECT_EQ(TextsOf(source, 8, 1),
            (std::multiset<std::string>{"document 5", "document 6", "document 7", "document 8",
                                        "document 9"}));
}

TEST(Loader, AnotherSeedGivesOtherBatches) {
  BatchSource source = ToySource(1000);
  const Batch batch = *MakeBatch(source, 0);
  source.seed = 4;
  EXPECT_FALSE(*MakeBatch(source, 0) == batch);
}

TEST(Loader, PassesOnTheSentenceOfABadDocumentAtItsStep) {
  for (const int64_t threads : {0, 2}) {
    BatchSource source = ToySource(20, /*bad=*/12);
    source.shuffle = false;
    const auto loader = Start(source, threads);
    EXPECT_TRUE(loader->Next().ok());
    EXPECT_TRUE(loader->Next().ok());
    EXPECT_EQ(loader->Next().status(), absl::DataLossError("row 7 of toys.jsonl: truncated"));
    EXPECT_TRUE(loader->Next().ok());
  }
}

TEST(Loader, StopsWithBatchesThatNobodyTook) {
  for (int i = 0; i < 20; ++i) {
    const auto loader = Start(ToySource(17), 3);
    if (i % 2 == 0) {
      EXPECT_TRUE(loader->Next().ok());
    }
  }
}

TEST(Loader, RefusesWhatCannotWork) {
  EXPECT_EQ(Loader::Start(ToySource(0)).status().message(), "the data set has no documents");
  BatchSource source = ToySource(17);
  source.layout.max_slots = 7;
  EXPECT_EQ(Loader::Start(source).status(), CheckLayout(source.layout));
  source.layout.max_slots = 0;
  EXPECT_FALSE(Loader::Start(source).ok());
}

TEST(Loader, MakesNoFurtherDocumentOnceItIsStopped) {
  std::atomic<bool> stop = false;
  BatchSource source = ToySource(17);
  source.stop = &stop;
  for (const int64_t threads : {0, 2}) {
    stop = false;
    const auto loader = Start(source, threads);
    ASSERT_TRUE(loader->Next().ok());
    stop = true;
    absl::Status status;
    for (int64_t ready = 0; ready < 9 && status.ok(); ++ready) {
      status = loader->Next().status();
    }
    EXPECT_TRUE(absl::IsCancelled(status)) << threads;
  }
}

}  // namespace
}  // namespace tessera
