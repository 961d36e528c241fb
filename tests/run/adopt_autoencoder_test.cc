#include "run/adopt_autoencoder.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

// A recipe that trains an autoencoder: of the tiny one what it shares with models.
RunConfig TinyAutoencoder(const std::vector<std::string>& overrides = {}) {
  constexpr char kRecipe[] = R"(
[model]
grids = ["2x2"]
[model.autoencoder]
kind = "vq"
width = 16
depth = 1
codes = 32
[train]
steps = 6
batch = 2
row_length = 64
warmup = 2
ema = 0.9
log_every = 1
evaluate_every = 0
checkpoint_every = 0
sample_every = 0
)";
  RunConfig config;
  const absl::Status status = FromToml(kRecipe, "tiny", overrides, &config);
  EXPECT_TRUE(status.ok()) << status;
  return config;
}

std::vector<std::string> OnCodesOf(const std::string& path) {
  return {"model.autoencoder.path='" + path + "'", "model.input.kind=codes",
          "model.head.kind=codes", "generate.sampler.steps=10"};
}

// Tensors of the autoencoder in a run's averaged weights.
NamedTensors AutoencoderOf(const std::string& run) {
  const auto loaded = LoadRun(run, Files());
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  NamedTensors tensors;
  for (const auto& [name, tensor] : Parameters(*loaded->learner)) {
    if (name.starts_with("autoencoder.")) {
      tensors.emplace_back(name, tensor.clone());
    }
  }
  return tensors;
}

bool Equal(const NamedTensors& a, const NamedTensors& b) {
  return std::ranges::equal(a, b, [](const auto& left, const auto& right) {
    return left.first == right.first && torch::equal(left.second, right.second);
  });
}

TEST(AutoencoderRun, OfEveryKindGoesOnFromACheckpointToTheBit) {
  for (const std::string kind : {"continuous", "fsq", "vq"}) {
    const RunConfig config = TinyAutoencoder({"model.autoencoder.kind=" + kind});
    const TempFolder folder;
    ASSERT_TRUE(TrainTiny(config, folder / "whole").ok());
    ASSERT_TRUE(TrainTiny(config, folder / "cut", {.stop_after = 3}).ok());
    ASSERT_TRUE(TrainTiny(config, folder / "cut", {.resume = true}).ok());
    auto cut = CheckpointsIn(folder / "cut");
    std::erase_if(cut, [](const auto& file) { return file.first.starts_with("step-000003"); });
    EXPECT_EQ(DifferentFiles(CheckpointsIn(folder / "whole"), cut), FileNames()) << kind;
    EXPECT_EQ(LogOf(folder / "whole"), LogOf(folder / "cut")) << kind;
    EXPECT_EQ(BytesOf(folder / "whole/log.jsonl").find("text_loss"), std::string::npos) << kind;
  }
}

TEST(AutoencoderRun, KeepsTheAveragesOfItsCodebook) {
  const TempFolder folder;
  ASSERT_TRUE(TrainTiny(TinyAutoencoder(), folder / "run").ok());
  const auto tensors =
      ReadTensors(Files(), folder / "run/checkpoints/step-000006/model.safetensors");
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  int64_t found = 0;
  for (const auto& [name, tensor] : *tensors) {
    found += name == "autoencoder.quantiser.count" || name == "autoencoder.quantiser.sum";
    if (name == "autoencoder.quantiser.count") {
      EXPECT_FALSE(torch::equal(tensor, torch::ones({32})));
    }
  }
  EXPECT_EQ(found, 2);
}

TEST(AutoencoderRun, IsCopiedIntoAModelOnItsCodesAndStaysAsItIs) {
  const TempFolder folder;
  ASSERT_TRUE(TrainTiny(TinyAutoencoder(), folder / "codes").ok());
  const NamedTensors before = AutoencoderOf(folder / "codes");
  RunConfig config = TinyRun(OnCodesOf(folder / "codes"));
  ASSERT_TRUE(AdoptAutoencoder(folder / "run", Files(), &config).ok());
  EXPECT_EQ(config.model.autoencoder.codes, 32);
  ASSERT_TRUE(TrainTiny(config, folder / "run", {.stop_after = 3}).ok());
  std::filesystem::remove_all(folder / "codes");
  RunConfig again = TinyRun(OnCodesOf(folder / "codes"));
  ASSERT_TRUE(AdoptAutoencoder(folder / "run", Files(), &again).ok());
  ASSERT_TRUE(TrainTiny(again, folder / "run", {.resume = true}).ok());
  EXPECT_TRUE(Equal(AutoencoderOf(folder / "run"), before));
}

TEST(AutoencoderRun, RefusesWhatDoesNotFit) {
  const TempFolder folder;
  ASSERT_TRUE(TrainTiny(TinyAutoencoder(), folder / "codes").ok());
  ASSERT_TRUE(TrainTiny(TinyRun(), folder / "model").ok());
  const auto complaint = [&](const std::string& from, std::vector<std::string> more) {
    std::vector<std::string> overrides = OnCodesOf(folder / from);
    overrides.insert(overrides.end(), more.begin(), more.end());
    RunConfig config = TinyRun(overrides);
    return std::string(AdoptAutoencoder(folder / "none", Files(), &config).message());
  };
  EXPECT_EQ(complaint("codes", {}), "");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "trains no autoencoder", complaint("model", {}));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "is no run", complaint("nothing", {}));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "trained on patches of 8",
                      complaint("codes", {"model.patch=4"}));
  EXPECT_PRED_FORMAT2(
      testing::IsSubstring, "model.autoencoder.codes is 64 in this recipe, but 32 in",
      complaint("codes", {"model.autoencoder.kind=vq", "model.autoencoder.width=16",
                          "model.autoencoder.depth=1", "model.autoencoder.codes=64"}));
}

TEST(AutoencoderRun, RefusesKeysThatItDoesNotRead) {
  const auto complaint = [](const std::vector<std::string>& overrides) {
    RunConfig config = TinyAutoencoder();
    return std::string(FromToml("", "", overrides, &config).message());
  };
  EXPECT_EQ(complaint({"train.optimizer.lr=1e-3", "model.patch=4"}), "");
  for (const char* key : {"model.width=64", "tokenizer.size=300", "generate.guidance=2",
                          "train.text_weight=1", "data.show.drop_text=0.5"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "no effect", complaint({key}));
  }
  RunConfig config;
  EXPECT_PRED_FORMAT2(
      testing::IsSubstring, "autoencoder.path",
      std::string(FromToml("", "", {std::vector<std::string>{"model.head.kind=codes"}}, &config)
                      .message()));
}

}  // namespace
}  // namespace tessera
