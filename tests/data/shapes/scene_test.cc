#include "data/shapes/scene.h"

#include <gtest/gtest.h>

#include "tests/data/shapes/all_scenes.h"

namespace tessera {
namespace {

TEST(Caption, IsReadBackForEveryScene) {
  int64_t count = 0;
  ForEachDescription([&](const SceneDescription& scene) {
    const auto read = ParseCaption(Caption(scene));
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(*read, scene) << Caption(scene);
    ++count;
  });
  EXPECT_EQ(count, 64 * 5 + 64 * 64 * 4);
}

TEST(Caption, SaysItInTheseWords) {
  const Object circle{Size::kSmall, Colour::kRed, Shape::kCircle, Place::kLeft};
  const Object square{Size::kLarge, Colour::kBlue, Shape::kSquare, Place::kRight};
  EXPECT_EQ(Caption({{circle}}), "a small red circle on the left");
  EXPECT_EQ(Caption({{circle, square}}), "a small red circle left of a large blue square");
}

TEST(ParseCaption, NamesTheFirstWordThatDoesNotFit) {
  const auto message = [](const char* text) {
    return std::string(ParseCaption(text).status().message());
  };
  EXPECT_EQ(message("a small blu circle"),
            "expected a colour, not 'blu' (word 3) of 'a small blu circle'");
  EXPECT_EQ(message("a small"), "expected a colour at the end of 'a small'");
  EXPECT_EQ(message("a small red circle on the left left"),
            "expected nothing more, not 'left' (word 8) of 'a small red circle on the left left'");
  for (const char* text : {"", "red", "a small red circle", "a small red circle left of",
                           "a small red circle in the left", "a small red circle above a cross"}) {
    EXPECT_FALSE(ParseCaption(text).ok()) << text;
  }
}

TEST(SameScene, IgnoresWhichObjectIsNamedFirst) {
  EXPECT_TRUE(SameScene(*ParseCaption("a small red circle left of a large blue square"),
                        *ParseCaption("a large blue square right of a small red circle")));
  EXPECT_FALSE(SameScene(*ParseCaption("a small red circle left of a large blue square"),
                         *ParseCaption("a large blue square left of a small red circle")));
  EXPECT_FALSE(SameScene(*ParseCaption("a small red circle on the left"),
                         *ParseCaption("a small red circle left of a small red circle")));
}

TEST(IsLegal, AsksForOneObjectOrTwoAtOppositePlaces) {
  const auto at = [](Place place) { return Object{.place = place}; };
  EXPECT_FALSE(IsLegal({}));
  EXPECT_TRUE(IsLegal({{at(Place::kMiddle)}}));
  EXPECT_TRUE(IsLegal({{at(Place::kTop), at(Place::kBottom)}}));
  EXPECT_FALSE(IsLegal({{at(Place::kTop), at(Place::kLeft)}}));
  EXPECT_FALSE(IsLegal({{at(Place::kMiddle), at(Place::kMiddle)}}));
}

}  // namespace
}  // namespace tessera
