// How fast documents are read, decoded, fitted and packed.
#include <torch/types.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "bench/bench.h"
#include "run/make_tokenizer.h"
#include "run/recipe.h"
#include "run/run.h"
#include "sequence/loader.h"

namespace tessera {
namespace {

template <class T>
T Get(absl::StatusOr<T> result) {
  TORCH_CHECK(result.ok(), result.status().ToString());
  return *std::move(result);
}

}  // namespace

// A pass has as many batches as the data set fills.
void TimeReading(const std::string& recipe, int64_t passes, const std::vector<std::string>& keys) {
  const auto files = std::make_shared<const Files>();
  RunConfig config;
  const absl::Status read = FromRecipe(Get(ReadRecipe(recipe, *files)), recipe, keys, &config);
  TORCH_CHECK(read.ok(), read.ToString());
  const std::shared_ptr<const Dataset> dataset = Get(OpenDataset(config, Split::kTrain, files));
  Tokenizer tokenizer = Get(MakeTokenizer(config.tokenizer, *dataset, *files));
  LayoutSpec layout = Get(LayoutOf(config, tokenizer));
  const int64_t documents = config.train.batch;
  const int64_t batches = std::max<int64_t>(dataset->size() / documents, 1);
  const auto loader = Get(
      Loader::Start({dataset, std::move(tokenizer), std::move(layout), config.data, documents}));
  const auto pass = [&] {
    for (int64_t i = 0; i < batches; ++i) {
      Get(loader->Next());
    }
  };
  pass();  // the first is untimed: the disk's cache fills
  std::vector<double> per_second;
  for (int64_t i = 0; i < passes; ++i) {
    per_second.push_back(1000. * static_cast<double>(batches * documents) / Milliseconds(pass));
  }
  std::ranges::sort(per_second);
  std::printf(
      "{\"bench\": \"read\", \"documents\": %lld, \"threads\": %lld, "
      "\"documents_per_s\": %.0f, \"best\": %.0f}\n",
      static_cast<long long>(batches * documents), static_cast<long long>(config.data.threads),
      per_second[per_second.size() / 2], per_second.back());
}

}  // namespace tessera
