// An autoencoder and a model that reads and writes its codes, by the commands alone.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/process.h"

namespace tessera {
namespace {

constexpr char kAutoencoder[] = R"(
[data.shapes]
count = 40
[model]
grids = ["2x2"]
[model.autoencoder]
kind = "fsq"
width = 16
depth = 1
[train]
steps = 2
batch = 2
row_length = 64
)";

// The recipe without the keys that a head without steps does not read.
std::string WithoutSampler(std::string recipe) {
  return recipe.substr(0, recipe.find("[generate.sampler]"));
}

TEST(Codes, GoFromAnAutoencoderThroughAModelToPictures) {
  const TempFolder folder;
  folder.Write("codes.toml", kAutoencoder);
  folder.Write("recipe.toml", WithoutSampler(kTinyRecipe));
  const auto runs = [&](const std::string& arguments) {
    const Outcome outcome = Tessera(folder, arguments);
    EXPECT_EQ(outcome.exit_code, 0) << arguments << ": " << outcome.err;
    return outcome.out;
  };
  const auto refuses = [&](const std::string& arguments, const std::string& why) {
    const Outcome outcome = Tessera(folder, arguments);
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, why, outcome.err);
  };
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "text", runs("train codes.toml --out codes"));
  EXPECT_TRUE(std::filesystem::exists(folder / "codes/samples/step-000002.png"));
  const std::string table = runs("eval codes --count 8");
  for (const char* name : {"psnr", "code_usage", "code_perplexity", "bits_per_picture"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, name, table);
  }
  // 4 patches of 8 x 8 pixels.
  const std::string capacity = "4 codes of 1000, 40 bits of the 6144 of its 8-bit numbers";
  EXPECT_PRED_FORMAT2(testing::IsSubstring, capacity, runs("inspect codes"));
  EXPECT_EQ(runs("report codes"), "codes/report.html\n");
  refuses("generate codes 'a dot' --out drawn", "'codes' is an autoencoder");
  refuses("eval codes --set guidance=2", "'codes' is an autoencoder");
  refuses("train recipe.toml model.head.kind=codes --out model", "autoencoder.path");

  runs(
      "train recipe.toml model.input.kind=codes model.head.kind=codes "
      "model.head.codes.softmax=autoregressive model.autoencoder.path=codes --out model");
  std::filesystem::remove_all(folder / "codes");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, capacity, runs("inspect model"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "bits_per_subpixel_of_codes",
                      runs("eval model --count 4"));
  runs("generate model 'a red circle' --out drawn --set guidance=2 sampler.temperature=0.5");
  EXPECT_TRUE(std::filesystem::exists(folder / "drawn/images/000000_1.png"));
  runs("train model train.steps=3 --resume");
}

}  // namespace
}  // namespace tessera
