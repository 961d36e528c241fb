// Lists of sections: [[parts]] in a recipe.
#include <gtest/gtest.h>

#include "config/difference.h"
#include "config/toml.h"

namespace tessera {
namespace {

struct Depth {
  int64_t near = 1;
  bool operator==(const Depth&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("near", self.near, "It is near.");
  }
};

struct Entry {
  std::string name;
  double weight = 1;
  Depth depth = {};
  bool operator==(const Entry&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("name", self.name, "It is called so.");
    visit("weight", self.weight, "It weighs this.");
    visit("depth", self.depth, "It is deep.", self.weight > 0);
  }
  std::string Problem() const { return name == "bad" ? "bad is no name" : ""; }
};

struct All {
  Depth depth;
  std::vector<Entry> parts;
  int64_t seed = 3;
  bool operator==(const All&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("depth", self.depth, "It is common.");
    visit("parts", self.parts, Entry{.name = "", .weight = 1, .depth = self.depth},
          "There are parts.");
    visit("seed", self.seed, "It is last.");
  }
};

constexpr char kText[] =
    "seed = 4\n"
    "[depth]\n"
    "near = 7\n"
    "[[parts]]\n"
    "name = 'a'\n"
    "[[parts]]\n"
    "name = 'b'\n"
    "weight = 2\n"
    "[parts.depth]\n"
    "near = 9\n";

All Read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  All all;
  const absl::Status status = FromToml(text, "run.toml", overrides, &all);
  EXPECT_TRUE(status.ok()) << status;
  return all;
}

std::string ErrorOf(const std::string& text, const std::vector<std::string>& overrides = {}) {
  All all;
  return std::string(FromToml(text, "run.toml", overrides, &all).message());
}

TEST(ConfigList, EntriesBeginWithWhatStandsBeforeThem) {
  EXPECT_EQ(Read(kText), (All{{7}, {{"a", 1, {7}}, {"b", 2, {9}}}, 4}));
  EXPECT_EQ(Read(kText, {"depth.near=8"}), (All{{8}, {{"a", 1, {8}}, {"b", 2, {9}}}, 4}));
}

TEST(ConfigList, IsDumpedAndReadBack) {
  const All all = Read(kText);
  const std::string dump = ToToml(all);
  EXPECT_EQ(Read(dump), all) << dump;
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "[[parts]]  # There are parts.\nname = \"b\"  # It is called so.\n"
                      "weight = 2.0  # It weighs this.\n\n[parts.depth]  # It is deep.\nnear = 9",
                      dump);
  EXPECT_EQ(ToToml(All()).find("parts"), std::string::npos);
}

TEST(ConfigList, OverridesNameAnEntryByItsNameOrNumber) {
  EXPECT_EQ(Read(kText, {"parts.b.weight=5", "parts.0.depth.near=2"}),
            (All{{7}, {{"a", 1, {2}}, {"b", 5, {9}}}, 4}));
  EXPECT_EQ(ErrorOf(kText, {"parts.bb.weight=5"}),
            "parts.bb.weight=5: parts has no entry bb; did you mean b?");
  EXPECT_EQ(ErrorOf(kText, {"parts.2.weight=5"}),
            "parts.2.weight=5: parts has no entry 2; did you mean a?");
  EXPECT_EQ(ErrorOf("", {"parts.0.weight=5"}),
            "parts.0.weight=5: parts has no entry; a recipe adds one by [[parts]]");
}

TEST(ConfigList, ErrorsNameLineAndEntry) {
  const std::string text = kText;
  EXPECT_EQ(ErrorOf(text + "far = 1"),
            "run.toml:11: parts.1.depth.far is not a key; did you mean parts.1.depth.near?");
  EXPECT_EQ(ErrorOf("[[parts]]\nweigth = 1"),
            "run.toml:2: parts.0.weigth is not a key; did you mean parts.0.weight?");
  EXPECT_EQ(ErrorOf("[[parts]]\nweight = 'x'"),
            "run.toml:2: parts.0.weight must be of type number, not 'x'");
  EXPECT_EQ(ErrorOf("[[parts]]\nname = 'bad'"), "run.toml: parts.0: bad is no name");
  EXPECT_EQ(ErrorOf("[[parts]]\nweight = 0\ndepth.near = 1"),
            "run.toml:3: parts.0.depth.near has no effect under the other settings; remove it");
}

TEST(ConfigList, IsNotWrittenAsASectionNorASectionAsAList) {
  EXPECT_EQ(ErrorOf("[parts]\nname = 'a'"),
            "run.toml:1: parts is a list of sections; write each as [[parts]]");
  EXPECT_EQ(ErrorOf("parts = 3"),
            "run.toml:1: parts is a list of sections; write each as [[parts]]");
  EXPECT_EQ(ErrorOf("[[depth]]\nnear = 1"),
            "run.toml:1: depth is one section; write it as [depth]");
}

TEST(ConfigList, ListsTheKeysOfAnEntryThatIsNotThere) {
  const std::vector<FieldInfo> fields = ListFields(All());
  const auto weight = std::ranges::find(fields, "parts.0.weight", &FieldInfo::path);
  ASSERT_NE(weight, fields.end());
  EXPECT_EQ(weight->doc, "It weighs this.");
  EXPECT_FALSE(weight->active);
  EXPECT_TRUE(fields.back().path == "seed" && fields.back().active);
}

TEST(ConfigList, DifferencesNameEntriesThatCameOrWent) {
  const All all = Read(kText), none = Read("seed = 4\ndepth.near = 7");
  EXPECT_EQ(DifferencesText(Differences(all, none)), "parts was 2 sections, is 0 sections");
  EXPECT_EQ(DifferencesText(Differences(all, Read(kText, {"parts.b.weight=5"}))),
            "parts.1.weight was 2.0, is 5.0");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "parts was 0 sections, is 2 sections",
                      DifferencesText(Differences(none, all)));
}

}  // namespace
}  // namespace tessera
