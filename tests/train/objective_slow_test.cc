// Each objective learns one picture by heart and draws it.
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "data/document_writer.h"
#include "data/shapes.h"
#include "infer/generator.h"
#include "tests/data/arrangements.h"
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
[train]
steps = 400
batch = 4
row_length = 64
warmup = 20
lr = 2e-3
ema = 0.98
evaluate_every = 0
sample_every = 0
checkpoint_every = 0
)";

// In decibels, of 8-bit values.
double PeakSignalToNoise(const Image& drawn, const Image& truth) {
  double square = 0;
  for (size_t i = 0; i < truth.rgb.size(); ++i) {
    square += std::pow(double(drawn.rgb.at(i)) - double(truth.rgb[i]), 2);
  }
  return 10 * std::log10(255 * 255 / (square / static_cast<double>(truth.rgb.size())));
}

TEST(Overfit, EveryObjectiveDrawsTheOnePictureThatItKnows) {
  const auto files = std::make_shared<const Files>();
  const Document pair = *(*MakeShapes({}, Split::kTrain, 16))->Get(0);
  const TempFolder data;
  ASSERT_TRUE(WriteDocuments(*files, data.path(), {pair}).ok());
  for (const Objective objective : EveryValue<Objective>()) {
    const std::string name(EnumName(objective));
    RunConfig config;
    ASSERT_TRUE(FromToml(kRecipe, "overfit",
                         std::vector{"data.path=" + data.path(), "model.objective=" + name},
                         &config)
                    .ok());
    const TempFolder out;
    const absl::Status trained = Train(config, {.out = out.path()}, files, TrainHooks());
    ASSERT_TRUE(trained.ok()) << trained;
    const auto run = LoadRun(out.path(), *files);
    ASSERT_TRUE(run.ok()) << run.status();
    const auto drawn = Generate(*run->model, run->tokenizer, run->layout, run->config.generate,
                                {.prompts = {{{pair.segments[0]}}}, .until = Until::kImage});
    const double decibels =
        PeakSignalToNoise(*AsImage(drawn[0].segments[1]), *AsImage(pair.segments[1]));
    RecordProperty(name, absl::StrCat(decibels));
    EXPECT_GT(decibels, 25) << name;
  }
}

}  // namespace
}  // namespace tessera
