#include "infer/stream.h"

#include <gtest/gtest.h>

#include "infer/generator.h"
#include "tests/infer/toy_run.h"

namespace tessera {
namespace {

EngineRequest RequestOf(int64_t i) {
  return {.prompt = ToyPrompts()[1],
          .config = ToyGenerate(),
          .until = Until::kImage,
          .seed = static_cast<uint64_t>(i),
          .index = 0};
}

TEST(ContinueEach, GivesEachRequestTheDocumentThatItGetsAlone) {
  const ToyRun& toy = Toy();
  std::vector<Document> documents(5);
  const auto keep = [&](int64_t i, const Document& document) {
    documents[i] = document;
    return absl::OkStatus();
  };
  const absl::Status status = ContinueEach(*toy.model, toy.tokenizer, toy.layout,
                                           OptionsOf(ToyGenerate()), {5, 2, RequestOf, keep});
  ASSERT_TRUE(status.ok()) << status;
  for (int64_t i = 0; i < 5; ++i) {
    GenerateRequest alone{.prompts = {ToyPrompts()[1]}, .until = Until::kImage};
    alone.seed = static_cast<uint64_t>(i);
    EXPECT_EQ(Generate(*toy.model, toy.tokenizer, toy.layout, ToyGenerate(), alone).front(),
              documents[i])
        << i;
  }
}

TEST(ContinueEach, EndsWithTheFirstErrorAndDropsWhatAStopCuts) {
  const ToyRun& toy = Toy();
  int64_t taken = 0;
  std::atomic<bool> stop = false;
  EngineOptions options = OptionsOf(ToyGenerate());
  options.stop = &stop;
  const auto fail = [&](int64_t, const Document&) {
    ++taken;
    return absl::DataLossError("full");
  };
  EXPECT_EQ(ContinueEach(*toy.model, toy.tokenizer, toy.layout, options, {5, 1, RequestOf, fail}),
            absl::DataLossError("full"));
  EXPECT_EQ(taken, 1);
  const auto stop_all = [&](int64_t, const Document&) {
    ++taken;
    stop = true;
    return absl::OkStatus();
  };
  EXPECT_TRUE(
      ContinueEach(*toy.model, toy.tokenizer, toy.layout, options, {5, 1, RequestOf, stop_all})
          .ok());
  EXPECT_EQ(taken, 2);
}

}  // namespace
}  // namespace tessera
