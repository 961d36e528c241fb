#include "run/expectation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "run/recipe.h"

namespace tessera {
namespace {

TEST(Expectation, IsAMeasureOrADifferenceThatIsBoundedFromOneSide) {
  const auto least = ParseExpectation("order=spiral-in/image_loss >= .98");
  ASSERT_TRUE(least.ok()) << least.status();
  EXPECT_EQ(least->Name(), "order=spiral-in/image_loss");
  EXPECT_TRUE(least->Holds(.98));
  EXPECT_FALSE(least->Holds(.97));
  EXPECT_FALSE(least->Holds(NAN));
  const auto most = ParseExpectation("a/x - b/x <= -1e-3");
  ASSERT_TRUE(most.ok()) << most.status();
  EXPECT_EQ(most->measure, "a/x");
  EXPECT_EQ(most->minus, "b/x");
  EXPECT_TRUE(most->Holds(-.001));
  EXPECT_FALSE(most->Holds(0));
  EXPECT_FALSE(most->Holds(NAN));
}

TEST(Expectation, RefusesALineThatSaysAnythingElse) {
  for (const char* text : {"", "x", "x >= ", "x >= y", "x > 1", "x>=1", " >= 1", "x -  >= 1",
                           "x - y - z >= 1", "x >= nan", "x >= 1 ok"}) {
    EXPECT_FALSE(ParseExpectation(text).ok()) << text;
  }
}

TEST(Recipe, IsReadWithItsExpectationsOrWithoutThem) {
  const std::string text = "seed = 7\n[expect]\nbounds = [\"x >= 1\"]\n";
  RunConfig config;
  const absl::Status status = FromRecipe(text, "a.toml", {"model.width=64"}, &config);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(config.seed, 7);
  EXPECT_EQ(config.model.width, 64);
  EXPECT_FALSE(FromRecipe("[expect]\nbounds = [\"x\"]\n", "a.toml", {}, &config).ok());
  EXPECT_PRED_FORMAT2(
      testing::IsSubstring, "did you mean expect.bounds?",
      std::string(FromRecipe("[expect]\nbuonds = []\n", "a.toml", {}, &config).message()));
}

}  // namespace
}  // namespace tessera
