#include "analysis/ablation/grid.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

using Words = std::vector<std::string>;

Words SettingsOf(const std::string& text) {
  Words settings;
  const Grid grid = ParseGrid(text).value();
  for (const Choice& choice : grid) {
    std::string all = choice.name.empty() ? "" : choice.name + ":";
    for (const std::string& setting : choice.settings) {
      all += setting + ";";
    }
    settings.push_back(all);
  }
  return settings;
}

Words NamesOf(const Words& texts) {
  std::vector<Grid> grids;
  for (const std::string& text : texts) {
    grids.push_back(ParseGrid(text).value());
  }
  Words names;
  const std::vector<Choice> choices = Combine(grids).value();
  for (const Choice& choice : choices) {
    names.push_back(choice.name);
  }
  return names;
}

TEST(Grid, IsAKeyAndItsValuesOrChoicesOfSeveralSettings) {
  EXPECT_EQ(SettingsOf("a.b=1,x, 2.5"), (Words{"a.b=1;", "a.b=x;", "a.b=2.5;"}));
  EXPECT_EQ(SettingsOf("a=[1,2],\"x,y\""), (Words{"a=[1,2];", "a=\"x,y\";"}));
  EXPECT_EQ(SettingsOf("a=1; b=[2,3] | a=4"), (Words{"a=1;b=[2,3];", "a=4;"}));
  EXPECT_EQ(SettingsOf("p: a=1,2 | q:"), (Words{"p:a=1,2;", "q:"}));
}

TEST(Grid, NamesEachCombinationByKeysAsShortAsIsUnambiguous) {
  EXPECT_EQ(
      NamesOf({"m.head.kind=gmm,mse", "m.patch=4,8"}),
      (Words{"kind=gmm,patch=4", "kind=gmm,patch=8", "kind=mse,patch=4", "kind=mse,patch=8"}));
  EXPECT_EQ(NamesOf({"m.head.kind=gmm", "m.input.kind=conv"}),
            (Words{"head.kind=gmm,input.kind=conv"}));
  EXPECT_EQ(NamesOf({"flow: a=1; b=2 | a=3; b=4", "c=[6x6, 8x8]"}),
            (Words{"flow,c=_6x6,_8x8_", "a=3,b=4,c=_6x6,_8x8_"}));
  EXPECT_EQ(NamesOf({}), Words{"recipe"});
}

TEST(Grid, RefusesWhatItCannotReadInASentence) {
  const auto refusal = [](const std::string& text) {
    return std::string(ParseGrid(text).status().message());
  };
  EXPECT_EQ(refusal("model.patch"), "'model.patch' is not of the form path=value");
  EXPECT_EQ(refusal("model.patch="), "'model.patch=' is not of the form path=value");
  EXPECT_EQ(refusal("=3"), "'=3' is not of the form path=value");
  EXPECT_EQ(refusal("a=1,,2"), "'a=1,,2' has an empty value; write path=value,value");
  EXPECT_EQ(refusal("a=1 | b"), "'b' is not of the form path=value");
  EXPECT_EQ(refusal("a b: c=1"), "'a b' is no name of an arm; use letters, digits and =,.+-_");
  EXPECT_EQ(refusal("x/y: c=1"), "'x/y' is no name of an arm; use letters, digits and =,.+-_");
}

TEST(Grid, RefusesToCombineWhatWouldBeConfused) {
  const auto refusal = [](const Grid& a, const Grid& b) {
    return std::string(Combine({a, b}).status().message());
  };
  EXPECT_EQ(refusal({{"", {"a=1"}}}, {{"", {"a=2"}}}),
            "'a' is in two grids; put what belongs together into one: 'a=1; b=2 | ...'");
  EXPECT_EQ(refusal({{"x", {"a=1"}}, {"x", {"a=2"}}}, {{"y", {"b=2"}}}),
            "'x,y' is the name of two arms; give each its own");
}

}  // namespace
}  // namespace tessera
