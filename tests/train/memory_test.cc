#include "train/memory.h"

#include <gtest/gtest.h>

#include <cmath>

#include "config/toml.h"
#include "tests/sequence/toy_documents.h"
#include "train/parameter_count.h"

namespace tessera {
namespace {

constexpr double kGibi = 1024. * 1024 * 1024;
constexpr DocumentSize kCaption{.text_slots = 8, .pictures = 1};
constexpr FreeMemory kMachine{.resident = 0.2 * kGibi, .room = 16 * kGibi, .bound = "MemAvailable"};

RunConfig Config(const std::vector<std::string>& overrides) {
  RunConfig config;
  const absl::Status status = FromToml("", "test", overrides, &config);
  EXPECT_TRUE(status.ok()) << status;
  return config;
}

double BytesOf(const std::vector<MemoryPart>& parts, const std::string& name) {
  const auto found = std::ranges::find(parts, name, &MemoryPart::name);
  return found == parts.end() ? NAN : found->bytes;
}

TEST(PredictMemory, CountsFourBytesANumberForEachThingHeldOfIt) {
  const auto muon = PredictMemory(Config({"train.optimizer.kind=muon"}), kCaption, 7);
  const auto adamw = PredictMemory(Config({"train.optimizer.kind=adamw"}), kCaption, 7);
  const double parameters = BytesOf(adamw, "parameters");
  EXPECT_GT(parameters, 0);
  EXPECT_EQ(BytesOf(adamw, "gradients"), parameters);
  EXPECT_EQ(BytesOf(adamw, "average"), parameters);
  EXPECT_EQ(BytesOf(adamw, "optimizer"), 2 * parameters);
  EXPECT_LT(BytesOf(muon, "optimizer"), 2 * parameters);
  EXPECT_GT(BytesOf(muon, "optimizer"), parameters);
  EXPECT_EQ(BytesOf(muon, "program") - BytesOf(PredictMemory(Config({}), kCaption, 0), "program"),
            7);
}

TEST(PredictMemory, CountsNoGradientOfAFrozenBaseAndTwoBytesANumberOfItsTextSideInBf16) {
  const std::vector<std::string> lora = {"train.adapter.kind=lora", "train.precision=f32"};
  std::vector<std::string> narrow = lora;
  narrow.emplace_back("train.adapter.base=bf16");
  const auto whole = PredictMemory(Config({"train.precision=f32"}), kCaption, 0);
  const auto wide = PredictMemory(Config(lora), kCaption, 0);
  const auto bf16 = PredictMemory(Config(narrow), kCaption, 0);
  EXPECT_EQ(BytesOf(wide, "parameters"), BytesOf(whole, "parameters"));
  EXPECT_EQ(BytesOf(wide, "gradients"), 0);
  double text = 0;
  for (const ParameterCount& part : CountParameters(Config({}))) {
    text += part.text;
  }
  EXPECT_GT(text, 0);
  EXPECT_EQ(BytesOf(wide, "parameters") - BytesOf(bf16, "parameters"), 2 * text);
}

TEST(PredictMemory, GrowsInProportionToTheRowsOfABatch) {
  const auto at = [](int64_t batch, const std::string& part) {
    return BytesOf(
        PredictMemory(Config({"train.row_length=28", "train.batch=" + std::to_string(batch)}),
                      kCaption, 0),
        part);
  };
  for (const char* part : {"layers, kept for backward", "attention of one layer", "text logits",
                           "image head, kept for backward"}) {
    EXPECT_NEAR(at(640, part), 10 * at(64, part), 1e-9 * at(640, part)) << part;
  }
}

TEST(PredictMemory, TakesARowLengthThatNoBatchFillsForWhatTheBatchFills) {
  EXPECT_EQ(TotalOf(PredictMemory(Config({"train.row_length=10000000"}), kCaption, 0)),
            TotalOf(PredictMemory(Config({"train.row_length=100000"}), kCaption, 0)));
}

TEST(CheckMemory, LetsAModestRunPassAndNamesWhatIsTooLarge) {
  EXPECT_TRUE(CheckMemory(Config({}), kCaption, kMachine).ok());
  const absl::Status status = CheckMemory(Config({"train.batch=100000"}), kCaption, kMachine);
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  for (const char* part : {"it can have 14.6 GiB (MemAvailable)", "lower train.batch"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, std::string(status.message()));
  }
}

TEST(CheckMemory, HoldsTheLimitOfTheConfigInPlaceOfTheMachines) {
  const RunConfig little = Config({"train.memory_limit=0.1"});
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "train.memory_limit allows 0.1 GiB",
                      std::string(CheckMemory(little, kCaption, kMachine).message()));
  FreeMemory full = kMachine;
  full.room = 0;
  EXPECT_TRUE(CheckMemory(Config({"train.memory_limit=100"}), kCaption, full).ok());
  EXPECT_FALSE(CheckMemory(Config({}), kCaption, full).ok());
}

TEST(CheckMemory, RefusesSizesWhoseProductsNoIntegerHolds) {
  for (const char* absurd :
       {"model.width=4000000000000", "train.batch=9000000000000000000", "model.patch=4000000000",
        "model.ffn=9000000000000000000", "model.layers=9000000000000000000",
        "model.head.diffusion.repeats=9000000000000000000", "model.head.width=4000000000000000000",
        "train.accumulate=9000000000000000000", "model.grids=[\"4096x4096\"]"}) {
    const RunConfig config = Config({absurd, "train.row_length=9000000000000000000"});
    const absl::Status status = CheckMemory(config, LeastDocument(config), kMachine);
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << absurd;
    EXPECT_TRUE(std::isfinite(TotalOf(PredictMemory(config, kCaption, 0)))) << absurd;
  }
}

TEST(MeanDocument, CountsPicturesAndAQuarterOfTheLetters) {
  const ToyDataset dataset(10);
  double letters = 0, pictures = 0;
  for (int64_t i = 0; i < 10; ++i) {
    const Document document = dataset.Get(i).value();
    for (const Segment& segment : document.segments) {
      pictures += AsImage(segment) != nullptr;
      letters += AsText(segment) == nullptr ? 0 : static_cast<double>(AsText(segment)->size());
    }
  }
  const DocumentSize mean = MeanDocument(dataset).value();
  EXPECT_DOUBLE_EQ(mean.pictures, pictures / 10);
  EXPECT_DOUBLE_EQ(mean.text_slots, letters / 40);
}

}  // namespace
}  // namespace tessera
