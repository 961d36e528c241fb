// What a whole run can learn by heart: few documents, both directions.
#include <torch/types.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "data/document_writer.h"
#include "data/shapes.h"
#include "infer/generator.h"
#include "study/evaluate.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

constexpr char kRecipe[] = R"(
[data]
kind = "documents"
test_share = 0.0
drop_text = 0.0
noise_generated = 0.0
[tokenizer]
size = 300
[model]
patch = 4
grids = ["4x4"]
width = 96
layers = 2
ffn = 192
[model.head]
width = 128
depth = 2
repeats = 4
[train]
steps = 300
batch = 16
row_length = 256
warmup = 20
ema = 0.98
evaluate_every = 0
sample_every = 0
checkpoint_every = 0
)";

// Scenes of the drawn data set, told apart by their first words.
std::vector<Document> Pairs(int64_t count) {
  std::vector<Document> documents;
  const auto shapes = *MakeShapes({}, Split::kTrain, 16);
  for (int64_t i = 0; i < count; ++i) {
    Document document = *shapes->Get(i);
    document.segments[0] = absl::StrCat("picture ", i, ": ", *AsText(document.segments[0]));
    documents.push_back(std::move(document));
  }
  return documents;
}

// In decibels, of 8-bit values.
double PeakSignalToNoise(const Image& drawn, const Image& truth) {
  double square = 0;
  for (size_t i = 0; i < truth.rgb.size(); ++i) {
    square += std::pow(double(drawn.rgb.at(i)) - double(truth.rgb[i]), 2);
  }
  return 10 * std::log10(255 * 255 / (square / static_cast<double>(truth.rgb.size())));
}

TEST(Overfit, SixteenPairsAreLearntByHeartInBothDirections) {
  const TempFolder data, out;
  const auto files = std::make_shared<const Files>();
  const std::vector<Document> pairs = Pairs(16);
  ASSERT_TRUE(WriteDocuments(*files, data.path(), pairs).ok());
  RunConfig config;
  ASSERT_TRUE(FromToml(kRecipe, "overfit", std::vector{"data.path=" + data.path()}, &config).ok());
  const absl::Status trained = Train(config, {.out = out.path()}, files, TrainHooks());
  ASSERT_TRUE(trained.ok()) << trained;

  auto run = LoadRun(out.path(), *files);
  ASSERT_TRUE(run.ok()) << run.status();
  run->config.data.picture_first = 1;  // a text that nothing announces cannot be known
  const std::shared_ptr<const Dataset> dataset = *OpenDataset(run->config, Split::kTrain, files);
  const auto loss = EvaluateLoss(*run, dataset, {.count = 16, .batch = 16, .on_progress = {}});
  ASSERT_TRUE(loss.ok()) << loss.status();
  EXPECT_LT(loss->text / std::log(2), .1) << "bits a token";

  GenerateRequest request;
  request.until = Until::kImage;
  for (const Document& pair : pairs) {
    request.prompts.push_back({{pair.segments[0]}});
  }
  const auto drawn =
      Generate(*run->model, run->tokenizer, run->layout, run->config.generate, request);
  double mean = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    mean += PeakSignalToNoise(*AsImage(drawn[i].segments[1]), *AsImage(pairs[i].segments[1])) / 16;
  }
  EXPECT_GT(mean, 25) << "decibels";
}

}  // namespace
}  // namespace tessera
