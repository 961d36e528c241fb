#include "files/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tessera {
namespace {

TEST(Json, RoundTripsInItsOwnOrder) {
  const std::string text =
      R"({"z":[1,-2,0.1,1e+300,true,false,null],"a":{"b":"ü \"\\\n"},"big":9223372036854775807})";
  EXPECT_EQ(DumpJson(ParseJson(text).value()), text);
}

TEST(Json, KeepsIntegersApartFromDoubles) {
  const Json json = ParseJson(R"([3, 3.0])").value();
  EXPECT_EQ(std::get<int64_t>(json.AsArray()->at(0).value), 3);
  EXPECT_EQ(std::get<double>(json.AsArray()->at(1).value), 3.0);
}

TEST(Json, FindsMembersOfObjectsOnly) {
  const Json json = ParseJson(R"({"a": "x"})").value();
  ASSERT_NE(json.Find("a"), nullptr);
  EXPECT_EQ(*json.Find("a")->AsString(), "x");
  EXPECT_EQ(json.Find("b"), nullptr);
  EXPECT_EQ(json.Find("a")->Find("a"), nullptr);
}

TEST(Json, ShowsANameThatStandsTwiceAndFindsTheLast) {
  const Json json = ParseJson(R"({"a": 1, "b": 2, "a": 3})").value();
  EXPECT_EQ(json.AsObject()->size(), 3u);
  EXPECT_EQ(json.Find("a")->AsNumber(), 3);
  EXPECT_EQ(DumpJson(json), R"({"a":1,"b":2,"a":3})");
}

TEST(Json, AnErrorSaysWhere) {
  const absl::Status status = ParseJson(R"({"a": 1,})").status();
  EXPECT_TRUE(std::string(status.message()).starts_with("bad JSON at byte 9: ")) << status;
  EXPECT_FALSE(ParseJson("").ok());
  EXPECT_FALSE(ParseJson("1 2").ok());
  EXPECT_FALSE(ParseJson("NaN").ok());
  EXPECT_FALSE(ParseJson("1e999").ok());
}

std::string Levels(int64_t count, const std::string& inside = "") {
  return std::string(count, '[') + inside + std::string(count, ']');
}

TEST(Json, IsNestedInAtMost256Levels) {
  EXPECT_EQ(DumpJson(ParseJson(Levels(256)).value()), Levels(256));
  const std::string siblings = "[" + Levels(255) + "," + Levels(255) + "]";
  EXPECT_EQ(DumpJson(ParseJson(siblings).value()), siblings);
  const std::string quoted = Levels(256, "\"" + std::string(99, '[') + "\\\"[{\"");
  EXPECT_EQ(DumpJson(ParseJson(quoted).value()), quoted);
  for (const std::string& text : {Levels(257), Levels(100'000), std::string(100'000, '[')}) {
    EXPECT_EQ(ParseJson(text).status().message(),
              "bad JSON at byte 257: nested deeper than 256 levels");
  }
  std::string objects;
  for (int i = 0; i < 100'000; ++i) {
    objects += R"({"a":)";
  }
  EXPECT_FALSE(ParseJson(objects).ok());
}

TEST(Json, WritesWhatJsonLacksAsItsNearest) {
  EXPECT_EQ(DumpJson({std::nan("")}), "null");
  EXPECT_EQ(DumpJson({std::numeric_limits<double>::infinity()}), "null");
  EXPECT_EQ(DumpJson({"a\xFF"}), "\"a\uFFFD\"");
}

TEST(Json, TellsOfANumberThatNothingHoldsInWords) {
  EXPECT_EQ(ParseJson("1e999").status().message(), "bad JSON: number overflow parsing '1e999'");
}

}  // namespace
}  // namespace tessera
