#include "data/shapes/instruction.h"

#include <gtest/gtest.h>

#include "tests/data/shapes/all_scenes.h"

namespace tessera {
namespace {

std::string After(const char* caption, const char* instruction) {
  const auto scene = ApplyInstruction(*ParseCaption(caption), instruction);
  return scene.ok() ? Caption(*scene) : std::string(scene.status().message());
}

TEST(ApplyInstruction, ChangesWhatItNames) {
  const char* one = "a small red circle at the bottom";
  EXPECT_EQ(After(one, "make it blue"), "a small blue circle at the bottom");
  EXPECT_EQ(After(one, "make it large"), "a large red circle at the bottom");
  EXPECT_EQ(After(one, "move it to the right"), "a small red circle on the right");
  EXPECT_EQ(After(one, "add a small green cross above it"),
            "a small red circle below a small green cross");
  const char* two = "a small red circle left of a large blue square";
  EXPECT_EQ(After(two, "make the circle blue"), "a small blue circle left of a large blue square");
  EXPECT_EQ(After(two, "remove the circle"), "a large blue square on the right");
  EXPECT_EQ(After(two, "swap them"), "a small red circle right of a large blue square");
  EXPECT_EQ(After("a small red circle left of a large blue circle", "make the right circle small"),
            "a small red circle left of a small blue circle");
}

TEST(ApplyInstruction, RefusesWhatItCannotDo) {
  const char* one = "a small red circle at the bottom";
  EXPECT_EQ(After(one, "make it loud"),
            "expected a colour or a size, not 'loud' (word 3) of 'make it loud'");
  EXPECT_EQ(After("a small red circle left of a large blue square", "remove it"),
            "expected 'the circle' or 'the square', not 'it' (word 2) of 'remove it'");
  for (const char* text : {"", "paint it blue", "remove it", "swap them", "make it blue now",
                           "add a small green cross left of it", "add a green cross above it"}) {
    EXPECT_FALSE(ApplyInstruction(*ParseCaption(one), text).ok()) << text;
  }
  const auto nothing = ApplyInstruction(SceneDescription{}, "make it blue");
  EXPECT_FALSE(nothing.ok());
}

TEST(InstructionText, IsReadBackForEveryScene) {
  const Object value{Size::kLarge, Colour::kWhite, Shape::kCross, Place::kTop};
  ForEachDescription([&](const SceneDescription& scene) {
    for (size_t object = 0; object < scene.objects.size(); ++object) {
      for (const Verb verb : {Verb::kRecolour, Verb::kResize, Verb::kAdd, Verb::kRemove}) {
        const std::string text = InstructionText({verb, object, value}, scene);
        const auto read = ParseInstruction(text, scene);
        ASSERT_TRUE(read.ok()) << read.status();
        ASSERT_EQ(read->verb, verb);
        ASSERT_EQ(InstructionText(*read, scene), text);
      }
    }
  });
}

}  // namespace
}  // namespace tessera
