// `tessera check`, driven as a process on recipes that train for two steps.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/process.h"

namespace tessera {
namespace {

class CheckCommand : public testing::Test {
 protected:
  void Recipe(const std::string& expect) {
    folder_.Write("recipe.toml", kTinyRecipe + ("[expect]\n" + expect));
  }

  void ExpectRefused(const std::string& arguments, const std::string& sentence) {
    const Outcome outcome = Tessera(folder_, "check " + arguments);
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, sentence, outcome.err);
  }

  const TempFolder folder_;
};

TEST_F(CheckCommand, TrainsARecipeFromNothingAndComparesWhatItMeasures) {
  Recipe(R"(before = ["tessera --version >version.txt"]
with = ["--resume"]
bounds = ["count >= 4", "parameters <= 2", "text_nats - image_loss >= -1e9"])");
  const Outcome missed = Tessera(folder_, "check recipe.toml train.steps=1 --count 4");
  EXPECT_EQ(missed.exit_code, 1) << missed.err;
  EXPECT_EQ(missed.err, "tessera: 1 expectation missed\n");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "expected >= 4        ok\n", missed.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "expected <= 2        MISSES\n", missed.out);
  EXPECT_TRUE(Contents(folder_ / "version.txt").starts_with("tessera "));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "runs/check/recipe/run/checkpoints/step-000001"));

  Recipe(R"(bounds = ["count >= 4", "parametres <= 1e9"])");
  const Outcome unknown = Tessera(folder_, "check recipe.toml --count 4 --quiet");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "missing   expected <= 1e+09    MISSES", unknown.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'parametres'; the nearest is 'parameters'",
                      unknown.err);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "runs/check/recipe/run/checkpoints/step-000001"));
}

TEST_F(CheckCommand, ComparesTheArmsOfAStudy) {
  Recipe("");
  const std::string study =
      "recipe = 'recipe.toml'\ncount = 4\nseeds = [1, 2]\n"
      "arms = ['wide: model.ffn=32', 'narrow: model.ffn=8']\n[expect]\n"
      "cheap = ['--grid', 'seed=1']\nbounds = ['wide/parameters - narrow/parameters >= ";
  folder_.Write("study.toml", study + "1']\n");
  const Outcome outcome = Tessera(folder_, "check --cheap study.toml");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "wide/parameters - narrow/parameters", outcome.out);
  const std::string runs = folder_ / "runs/check/study/study/runs/";
  EXPECT_TRUE(std::filesystem::exists(runs + "wide,seed=1"));
  EXPECT_FALSE(std::filesystem::exists(runs + "wide,seed=2"));
}

TEST_F(CheckCommand, RefusesBeforeItTrainsWhatCannotBeChecked) {
  Recipe("");
  ExpectRefused("recipe.toml", "states nothing to expect");
  ExpectRefused("train.steps=1", "name a recipe or a study");
  ExpectRefused("recipes.toml", "did you mean 'recipe.toml'?");
  Recipe("bounds = ['accuracy > .5']");
  ExpectRefused("recipe.toml", "'accuracy > .5' is no bound; write 'measure >= number'");
  Recipe("bounds = ['gmm/accuracy >= .5']");
  ExpectRefused("recipe.toml", "names an arm, but a recipe has none; write 'accuracy'");
  ExpectRefused("--cheap recipe.toml", "names an arm");
  Recipe("bounds = ['accuracy >= .5']");
  ExpectRefused("--cheap recipe.toml", "none of these states expect.cheap");
  folder_.Write("study.toml",
                "recipe = 'recipe.toml'\narms = ['gmm:', 'mse:']\n[expect]\n"
                "bounds = ['gmn/accuracy >= .5']\n");
  ExpectRefused("study.toml", "is of no arm of this study; write 'gmm/accuracy'");
  folder_.Write("runs/check/recipe/mine.txt", "");
  ExpectRefused("recipe.toml", "was not written by tessera check");
}

}  // namespace
}  // namespace tessera
