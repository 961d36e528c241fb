// What a whole run can learn by heart: few documents, and with every objective one.
#include <torch/types.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "analysis/measure/evaluate.h"
#include "config/status.h"
#include "data/document_writer.h"
#include "data/shapes/shapes.h"
#include "infer/generator.h"
#include "tests/sequence/arrangements.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

constexpr char kRecipe[] = R"(
[data]
kind = "documents"
test_share = 0.0
[data.show]
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
[train]
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

// Trained on the documents, which are left in `data`.
absl::StatusOr<Run> Learn(const std::vector<Document>& documents, const std::string& data,
                          std::vector<std::string> overrides) {
  const auto files = std::make_shared<const Files>();
  RETURN_IF_ERROR(WriteDocuments(*files, data, documents));
  overrides.push_back("data.path=" + data);
  RunConfig config;
  RETURN_IF_ERROR(FromToml(kRecipe, "overfit", overrides, &config));
  const TempFolder out;
  RETURN_IF_ERROR(Train(config, {.out = out.path()}, files, TrainHooks()));
  return LoadRun(out.path(), *files);
}

// The mean over pictures drawn for the pairs' texts, in decibels, of 8-bit values.
double PeakSignalToNoise(const Run& run, const std::vector<Document>& pairs) {
  GenerateRequest request;
  request.until = Until::kImage;
  for (const Document& pair : pairs) {
    request.prompts.push_back({{pair.segments[0]}});
  }
  const auto drawn = Generate(*run.model, run.tokenizer, run.layout, run.config.generate, request);
  double sum = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const std::vector<uint8_t>& truth = AsImage(pairs[i].segments[1])->rgb;
    const std::vector<uint8_t>& guess = AsImage(drawn[i].segments[1])->rgb;
    double square = 0;
    for (size_t j = 0; j < truth.size(); ++j) {
      square += std::pow(double(guess.at(j)) - double(truth[j]), 2);
    }
    sum += 10 * std::log10(255 * 255 / (square / static_cast<double>(truth.size())));
  }
  return sum / static_cast<double>(pairs.size());
}

TEST(Overfit, SixteenPairsAreLearntByHeartInBothDirections) {
  const std::vector<Document> pairs = Pairs(16);
  const TempFolder data;
  auto run = Learn(pairs, data.path(),
                   {"model.head.width=128", "model.head.depth=2", "model.head.diffusion.repeats=4",
                    "train.steps=300", "train.batch=16"});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_GT(PeakSignalToNoise(*run, pairs), 25) << "decibels";

  run->config.data.show.picture_first = 1;  // a text that nothing announces cannot be known
  const std::shared_ptr<const Dataset> dataset =
      *OpenDataset(run->config, Split::kTrain, std::make_shared<const Files>());
  const auto loss = EvaluateLoss(*run, dataset, {.count = 16, .batch = 16, .on_progress = {}});
  ASSERT_TRUE(loss.ok()) << loss.status();
  EXPECT_LT(loss->text / std::log(2), .1) << "bits a token";
}

TEST(Overfit, EveryObjectiveDrawsTheOnePictureThatItKnows) {
  const std::vector<Document> pair = Pairs(1);
  for (const ObjectiveKind objective : EveryValue<ObjectiveKind>()) {
    const std::string name(EnumName(objective));
    const TempFolder data;
    const auto run = Learn(pair, data.path(),
                           {"model.objective=" + name, "train.steps=400", "train.batch=4",
                            "train.row_length=64", "train.optimizer.lr=2e-3"});
    ASSERT_TRUE(run.ok()) << run.status();
    const double decibels = PeakSignalToNoise(*run, pair);
    RecordProperty(name, absl::StrCat(decibels));
    EXPECT_GT(decibels, 25) << name;
  }
}

}  // namespace
}  // namespace tessera
