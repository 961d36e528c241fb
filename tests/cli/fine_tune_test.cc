// A run, its fine-tuning with adapters, and what these become, driven as processes.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/image/image_io.h"
#include "tests/cli/process.h"

namespace tessera {
namespace {

constexpr char kAdapt[] = R"(
[data.shapes]
count = 40
[train]
steps = 2
batch = 2
row_length = 64
[train.optimizer]
lr = 0.1
[train.adapter]
kind = "lora"
rank = 2
targets = ["*"]
[generate]
max_text = 4
[generate.sampler]
steps = 1
)";

class FineTuneCommands : public testing::Test {
 protected:
  std::string Run(const std::string& arguments) const {
    const Outcome outcome = Tessera(folder_, arguments);
    EXPECT_EQ(outcome.exit_code, 0) << arguments << ": " << outcome.err;
    return outcome.out;
  }

  void ExpectRefused(const std::string& arguments, const std::string& part) const {
    const Outcome outcome = Tessera(folder_, arguments);
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, outcome.err);
  }

  TempFolder folder_;
};

TEST_F(FineTuneCommands, MergeAdaptersIntoARunThatGeneratesTheSameBytes) {
  folder_.Write("recipe.toml", kTinyRecipe);
  folder_.Write("adapt.toml", kAdapt);
  Run("train recipe.toml --out base");
  Run("train adapt.toml --from base --out run");
  const std::string inspected = Run("inspect run");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "base + adapter\n", inspected);
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight", inspected);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, " trained\n\n", inspected);
  EXPECT_EQ(Run("merge run --out merged"), "merged: merged\n");
  for (const char* run : {"base", "run", "merged"}) {
    Run(std::string("generate ") + run + " 'a red circle' --out of_" + run);
  }
  const auto picture = [&](const std::string& run) {
    return DecodeImage(Contents(folder_ / ("of_" + run + "/images/000000_1.png")))->rgb;
  };
  EXPECT_EQ(picture("run"), picture("merged"));
  EXPECT_NE(picture("run"), picture("base"));
  Run("eval merged --count 4");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, " parameters\n\n", Run("inspect merged"));

  ExpectRefused("merge base --out again", "'base' has no adapters");
  ExpectRefused("merge run --out merged", "'merged' holds a run already");
  ExpectRefused("train adapt.toml --out nothing", "name one with --from");
  ExpectRefused("train adapt.toml model.width=32 --from base --out nothing",
                "model.width is 32 in this recipe, but 16 in 'base'");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "nothing"));
  Run("train run train.steps=3 --resume");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/checkpoints/step-000003"));
}

}  // namespace
}  // namespace tessera
