#include "config/difference.h"

#include <gtest/gtest.h>

#include <array>

namespace tessera {
namespace {

enum class Kind { kPlain, kFancy };
constexpr auto EnumNames(Kind) { return std::array{"plain", "fancy"}; }

struct Part {
  Kind kind = Kind::kPlain;
  double sparkle = 1;
  int64_t width = 8;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("kind", self.kind);
    visit("sparkle", self.sparkle, "", self.kind == Kind::kFancy);
    visit("width", self.width);
  }
};

struct Whole {
  int64_t seed = 1;
  int64_t steps = 10;
  Part part = {};
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("seed", self.seed);
    visit("steps", self.steps);
    visit("part", self.part);
  }
};

TEST(Differences, AreNoneBetweenEqualConfigs) {
  EXPECT_TRUE(Differences(Whole(), Whole()).empty());
  EXPECT_EQ(DifferencesText({}), "");
}

TEST(Differences, NamePathAndBothValuesInTheOrderOfTheKeys) {
  const auto differences =
      Differences(Whole(), Whole{.seed = 2, .part = {.kind = Kind::kFancy, .sparkle = 3}});
  EXPECT_EQ(
      DifferencesText(differences),
      "seed was 1, is 2; part.kind was \"plain\", is \"fancy\"; part.sparkle was 1.0, is 3.0");
}

TEST(Differences, PassOverAKeyThatHasNoEffectInTheSecondConfig) {
  const Whole fancy{.part = {.kind = Kind::kFancy, .sparkle = 3}};
  EXPECT_EQ(DifferencesText(Differences(fancy, Whole())), "part.kind was \"fancy\", is \"plain\"");
  EXPECT_TRUE(Differences(Whole{.part = {.sparkle = 3}}, Whole()).empty());
}

TEST(Differences, CompareOnlyTheKeysThatMatter) {
  const Whole other{.seed = 2, .part = {.width = 9}};
  const auto differences =
      Differences(Whole(), other, [](const std::string& path) { return path != "seed"; });
  EXPECT_EQ(DifferencesText(differences), "part.width was 8, is 9");
}

TEST(DifferencesText, NamesThreeAndCountsTheOthers) {
  const Whole other{
      .seed = 2, .steps = 3, .part = {.kind = Kind::kFancy, .sparkle = 3, .width = 9}};
  EXPECT_EQ(
      DifferencesText(Differences(Whole(), other)),
      "seed was 1, is 2; steps was 10, is 3; part.kind was \"plain\", is \"fancy\"; and 2 more");
}

}  // namespace
}  // namespace tessera
