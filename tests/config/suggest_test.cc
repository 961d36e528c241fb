#include "config/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace tessera {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(EditDistance("train", "train"), 0);
  EXPECT_EQ(EditDistance("train", "trains"), 1);
  EXPECT_EQ(EditDistance("train", "tain"), 1);
  EXPECT_EQ(EditDistance("train", "drain"), 1);
  EXPECT_EQ(EditDistance("train", "trian"), 1);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("", "abc"), 3);
}

TEST(EditDistance, IgnoresCase) { EXPECT_EQ(EditDistance("AdamW", "adamw"), 0); }

TEST(Nearest, IsTheFirstOfTheClosest) {
  const std::vector<std::string> commands = {"train", "generate", "eval"};
  EXPECT_EQ(Nearest("genrate", commands), "generate");
  EXPECT_EQ(Nearest("x", std::vector<std::string>{"a", "b"}), "a");
  EXPECT_EQ(Nearest("x", {}), "");
}

TEST(Similar, IsTheNearestOnlyIfItMayHaveBeenMeant) {
  const std::vector<std::string> names = {"shapes.toml", "stories.toml"};
  EXPECT_EQ(Similar("shaeps.toml", names), "shapes.toml");
  EXPECT_EQ(Similar("photograph.toml", names), "");
  EXPECT_EQ(Similar("ab", std::vector<std::string>{"ac"}), "");
  EXPECT_EQ(Similar("abc", std::vector<std::string>{"abd"}), "abd");
  EXPECT_EQ(Similar("x", {}), "");
}

TEST(Similar, PrefersTheWordWithAnEnding) {
  const std::vector<std::string> names = {"shape", "shapes.tar.gz", "shapes.toml", "shapesfine"};
  EXPECT_EQ(Similar("shapes", names), "shapes.toml");
  EXPECT_EQ(Similar("shapes.tar", names), "shapes.tar.gz");
  EXPECT_EQ(Similar("", std::vector<std::string>{".hidden"}), "");
}

}  // namespace
}  // namespace tessera
