#include "config/toml.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace tessera {
namespace {

enum class Kind { kPlain, kFancy };
constexpr auto EnumNames(Kind) { return std::array{"plain", "fancy"}; }

struct Inner {
  int64_t width = 8;
  double rate = 0.5;
  bool operator==(const Inner&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("width", self.width, "of a layer");
    visit("rate", self.rate, "per step");
  }
  std::string Problem() const { return width > 0 ? "" : "width must be positive"; }
};

struct Outer {
  Kind kind = Kind::kPlain;
  bool flag = false;
  std::string name = "x";
  std::vector<std::string> grids = {"4x4"};
  Inner inner;
  std::vector<double> betas = {0.9};
  std::vector<int64_t> sizes;
  double sparkle = 1;
  bool operator==(const Outer&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool fancy = self.kind == Kind::kFancy;  // before kind itself is read
    visit("kind", self.kind, "what it is");
    visit("flag", self.flag);
    visit("name", self.name);
    visit("grids", self.grids);
    visit("inner", self.inner, "a part", self.kind == Kind::kFancy);
    visit("betas", self.betas);
    visit("sizes", self.sizes);
    visit("sparkle", self.sparkle, "how much", fancy);
  }
};

absl::Status Parse(std::string_view text, std::vector<std::string> overrides, Outer* config) {
  return FromToml(text, "run.toml", overrides, config);
}

std::string ErrorOf(std::string_view text, std::vector<std::string> overrides = {}) {
  Outer config;
  const absl::Status status = Parse(text, overrides, &config);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(config, Outer{}) << "an error must leave the config untouched";
  return std::string(status.message());
}

TEST(FromToml, ReadsEveryTypeOfMember) {
  Outer config;
  ASSERT_TRUE(Parse("kind = 'fancy'\nflag = true\nname = 'a b'\ngrids = ['8x8', '6x10']\n"
                    "betas = [1, 2.5]\nsizes = [3]\nsparkle = 2\n[inner]\nwidth = 3\nrate = 1e-3",
                    {}, &config)
                  .ok());
  const Outer expected{Kind::kFancy, true, "a b", {"8x8", "6x10"}, {3, 1e-3}, {1, 2.5}, {3}, 2};
  EXPECT_EQ(config, expected);
}

TEST(FromToml, KeepsTheValuesThatNobodyNames) {
  Outer config;
  config.name = "kept";
  ASSERT_TRUE(Parse("flag = true", {}, &config).ok());
  EXPECT_EQ(config.name, "kept");
}

TEST(FromToml, NamesFileLineAndNearestKeyOfAnUnknownKey) {
  EXPECT_EQ(ErrorOf("flag = true\nnmae = 'y'"),
            "run.toml:2: nmae is not a key; did you mean name?");
}

TEST(FromToml, FindsTheKeyThatIsInAnotherSection) {
  EXPECT_EQ(ErrorOf("width = 3"), "run.toml:1: width is not a key; did you mean inner.width?");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "did you mean inner.rate?",
                      ErrorOf("", {"iner.rate=3"}));
}

TEST(FromToml, RefusesAWrongType) {
  EXPECT_EQ(ErrorOf("\nflag = 1"), "run.toml:2: flag must be of type true | false, not 1");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "must be of type list of numbers, not",
                      ErrorOf("betas = [0.9, nan]"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "must be of type list of numbers, not",
                      ErrorOf("betas = [inf]"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "list of integers", ErrorOf("sizes = [1.0]"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "integer, not 2.0",
                      ErrorOf("kind = 'fancy'\ninner.width = 2.0"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "must be of type string, not 3", ErrorOf("name = 3"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "inner is a section", ErrorOf("inner = 3"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "not a section", ErrorOf("[name]"));
}

TEST(FromToml, NamesTheNearestValueOfAChoice) {
  EXPECT_EQ(ErrorOf("kind = 'fansy'"),
            "run.toml:1: kind cannot be \"fansy\"; did you mean \"fancy\"? It is one of "
            "\"plain\" | \"fancy\"");
}

TEST(FromToml, SaysWhichSettingAKeyWithoutEffectNeeds) {
  EXPECT_EQ(ErrorOf("sparkle = 3"),
            "run.toml:1: sparkle has no effect under the other settings; set kind = \"fancy\" or "
            "remove it");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "run.toml:2: inner.rate has no effect",
                      ErrorOf("[inner]\nrate = 3"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "sparkle=3: sparkle has no effect",
                      ErrorOf("", {"sparkle=3"}));
}

TEST(FromDump, DropsWhatAnEarlierVersionSawAnEffectOf) {
  Outer config;
  const absl::Status status =
      FromDump("flag = true\nsparkle = 3\n[inner]\nrate = 3\n", "run.toml", {}, &config);
  ASSERT_TRUE(status.ok()) << status;
  const Outer expected{.flag = true, .inner = {}, .sizes = {}};
  EXPECT_EQ(config, expected);
  EXPECT_FALSE(FromDump("sparkel = 3", "run.toml", {}, &config).ok());
  const std::string idle = "sparkle=3";
  EXPECT_FALSE(FromDump("", "run.toml", {&idle, 1}, &config).ok());
}

// A config whose keys stood elsewhere in an earlier version: rate, kind, which now is a section,
// and the section [old].
struct Moved {
  struct Kinds {
    Kind kind = Kind::kPlain;
    double rate = 1;
    template <class Self, class Visitor>
    static void Fields(Self& self, Visitor& visit) {
      visit("kind", self.kind);
      visit("rate", self.rate);
    }
  };
  Kinds kind = {};
  bool flag = false;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("kind", self.kind);
    visit("flag", self.flag);
  }
  static std::span<const MovedKey> MovedKeys() {
    static constexpr MovedKey kMoved[] = {
        {"rate", "kind.rate"}, {"kind", "kind.kind"}, {"old", "", "it was never needed"}};
    return kMoved;
  }
};

TEST(FromToml, SaysWhereAKeyWentThatHasMoved) {
  const auto error = [](std::string_view text, const std::vector<std::string>& overrides) {
    Moved config;
    return std::string(FromToml(text, "run.toml", overrides, &config).message());
  };
  EXPECT_EQ(error("flag = true\nrate = 2", {}), "run.toml:2: rate is now kind.rate; rename it");
  EXPECT_EQ(error("", {"kind=fancy"}), "kind=fancy: kind is now kind.kind; rename it");
  EXPECT_EQ(error("[old]\ntries = 2", {}),
            "run.toml:1: old is gone: it was never needed; remove it");
  EXPECT_EQ(error("", {"old.tries=2"}),
            "old.tries=2: old.tries is gone: it was never needed; remove it");
  EXPECT_EQ(error("[kind]\nkind = 'fancy'\nrate = 2", {}), "");
}

TEST(FromDump, TakesAKeyThatHasMovedToItsNewPath) {
  Moved config;
  const absl::Status status = FromDump("rate = 2.0\nkind = 'fancy'\nflag = true\n[old]\ntries = 2",
                                       "run.toml", {}, &config);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(ToToml(config), "flag = true\n\n[kind]\nkind = \"fancy\"\nrate = 2.0\n");
}

// A config whose default of size does not go with a fancy kind.
struct Fitting {
  Kind kind = Kind::kPlain;
  int64_t size = 1;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("kind", self.kind);
    visit("size", self.size);
  }
  void FitDefaults(const IsNamed& named) {
    if (!named("size") && kind == Kind::kFancy) {
      size = 2;
    }
  }
  std::string Problem() const { return kind == Kind::kFancy && size < 2 ? "too small" : ""; }
};

TEST(FromToml, FitsADefaultThatNobodyNamesToTheOtherChoices) {
  const auto size = [](std::string_view text, const std::vector<std::string>& overrides) {
    Fitting config;
    return FromToml(text, "run.toml", overrides, &config).ok() ? config.size : -1;
  };
  EXPECT_EQ(size("", {}), 1);
  EXPECT_EQ(size("kind = 'fancy'", {}), 2);
  EXPECT_EQ(size("", {"kind=fancy"}), 2);
  EXPECT_EQ(size("kind = 'fancy'", {"kind=plain"}), 1);
  EXPECT_EQ(size("size = 3", {"kind=fancy"}), 3);
  EXPECT_EQ(size("size = 1", {"kind=fancy"}), -1) << "a value that is named stays";
}

TEST(FromToml, PlacesSyntaxErrors) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "run.toml:2: ", ErrorOf("flag = true\nname = "));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "run.toml:2: ", ErrorOf("flag = true\nflag = false"));
}

TEST(FromToml, ReportsTheProblemOfASectionWithItsPath) {
  EXPECT_EQ(ErrorOf("kind = 'fancy'\ninner.width = 0"), "run.toml: inner: width must be positive");
}

TEST(Overrides, AreTomlValuesAndBareWordsAreStrings) {
  Outer config;
  ASSERT_TRUE(Parse("name = 'file'",
                    {"kind=fancy", "grids=[8x8, 6x10]", "betas=[1,2]", "name=2024", "inner.rate=3",
                     "flag=true"},
                    &config)
                  .ok());
  const Outer expected{Kind::kFancy, true, "2024", {"8x8", "6x10"}, {8, 3}, {1, 2}, {}, 1};
  EXPECT_EQ(config, expected);
}

TEST(Overrides, TakeAnyTextForAString) {
  for (const std::string text : {"", "a red circle", "a=b", "1 # 2", "'", "[1", "2024-01-01"}) {
    Outer config;
    ASSERT_TRUE(Parse("", {"name=" + text}, &config).ok()) << text;
    EXPECT_EQ(config.name, text);
  }
}

TEST(Overrides, DropTheKeysOfTheFileThatTheyRobOfTheirEffect) {
  Outer config;
  ASSERT_TRUE(Parse("kind = 'fancy'\nsparkle = 3", {"kind=plain"}, &config).ok());
  EXPECT_EQ(config, Outer{});
}

TEST(Overrides, MustBeOfTheFormPathEqualsValue) {
  EXPECT_EQ(ErrorOf("", {"flag"}), "flag: is not of the form path=value");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "is a section", ErrorOf("", {"inner=3"}));
}

TEST(ToToml, RoundTripsExactly) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    const double rate = std::bit_cast<double>(random());
    const Outer config{Kind::kFancy,
                       true,
                       "q\"\\\n\t\x01\x7f é " + std::to_string(random()),
                       {"a,b", ""},
                       {static_cast<int64_t>(random() >> 1 | 1), std::isfinite(rate) ? rate : 1},
                       {1e300, -0.1, 5, std::numeric_limits<double>::max()},
                       {std::numeric_limits<int64_t>::min()},
                       std::numeric_limits<double>::denorm_min()};
    Outer read;
    const absl::Status status = Parse(ToToml(config), {}, &read);
    ASSERT_TRUE(status.ok()) << status << ToToml(config);
    EXPECT_EQ(read, config);
  }
}

TEST(ToToml, OmitsKeysWithoutEffectAndKeepsOwnKeysBeforeSubsections) {
  EXPECT_EQ(ToToml(Outer{}),
            "kind = \"plain\"  # what it is\nflag = false\nname = \"x\"\ngrids = [\"4x4\"]\n"
            "betas = [0.9]\nsizes = []\n");
  Outer fancy;
  fancy.kind = Kind::kFancy;
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "sparkle = 1.0  # how much\n\n[inner]  # a part\nwidth = 8", ToToml(fancy));
}

TEST(ListFields, DescribesEveryKey) {
  const std::vector<FieldInfo> fields = ListFields(Outer{});
  ASSERT_EQ(fields.size(), 10u);
  EXPECT_EQ(fields[0].type, "\"plain\" | \"fancy\"");
  EXPECT_EQ(fields[0].value, "\"plain\"");
  EXPECT_EQ(fields[5].path, "inner.width");
  EXPECT_EQ(fields[5].doc, "of a layer");
  EXPECT_FALSE(fields[5].active);
}

}  // namespace
}  // namespace tessera
