// Settings whose memory cannot be had, as processes that may map little of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/process.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

// Less than a machine has, and enough for any modest run.
constexpr char kLimit[] = "ulimit -v 4000000; ";

void ExpectTooLarge(const TempFolder& folder, const std::string& command, const std::string& part) {
  const Outcome outcome = Tessera(folder, command, kLimit);
  EXPECT_EQ(outcome.exit_code, 2) << command << outcome.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, part, outcome.err);
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

TEST(Memory, OfAbsurdSettingsIsRefusedInASentence) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  for (const auto& [setting, part] : std::vector<std::pair<const char*, const char*>>{
           {"model.width=1000000", "lower model.width"},
           {"model.width=4000000000000000000", "lower model.width"},
           {"model.layers=9000000000000000000", "model.layers"},
           {"train.batch=1000000000", "lower train.batch"},
           {"train.accumulate=1000000000000", "lower train.batch, train.accumulate"},
           {"model.head.diffusion.repeats=1000000000", "model.head.diffusion.repeats"},
           {"model.patch=1000000", "model.patch"},
           {"model.patch=4000000000", "model.patch"},
           {"tokenizer.size=1000000 model.width=10000", "lower tokenizer.size"},
           {"'model.grids=[\"4096x4096\"]' train.row_length=100000000", "model.grids"}}) {
    ExpectTooLarge(folder, std::string("train recipe.toml --out run ") + setting, part);
  }
  ExpectTooLarge(folder, "inspect recipe.toml model.width=1000000", "lower model.width");
}

TEST(Memory, OfALongRowThatNothingFillsIsNotRefused) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const Outcome outcome =
      Tessera(folder, "train recipe.toml --out run train.row_length=10000000", kLimit);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST(Memory, OfARecipeIsToldPartByPart) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const Outcome outcome = Tessera(folder, "inspect recipe.toml");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* part : {"# memory of training", "parameters", "optimizer", "together"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, outcome.out);
  }
  EXPECT_EQ(Tessera(folder, "inspect recipe.toml train.memory_limit=0.01").exit_code, 2);
}

}  // namespace
}  // namespace tessera
