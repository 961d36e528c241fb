#include "data/shapes/shapes.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "data/shapes/instruction.h"
#include "data/shapes/scene_check.h"
#include "tests/data/shapes/all_scenes.h"

namespace tessera {
namespace {

constexpr ShapesConfig kCaptions;
constexpr ShapesConfig kStories{.variant = ShapesVariant::kStories};
constexpr ShapesConfig kDifferences{.variant = ShapesVariant::kDifferences};

// All scenes of the first documents.
template <class Visit>
void ForEachScene(const ShapesConfig& config, Split split, int64_t documents, const Visit& visit) {
  for (int64_t i = 0; i < documents; ++i) {
    for (const Scene& scene : DrawStory(config, split, i).scenes) {
      visit(scene);
    }
  }
}

TEST(Shapes, AreAFunctionOfSeedSplitAndIndex) {
  const auto get = [](int64_t seed, Split split, int64_t index) {
    ShapesConfig config = kStories;
    config.seed = seed;
    return *(*MakeShapes(config, split, 16))->Get(index);
  };
  const Document document = get(3, Split::kTrain, 41);
  EXPECT_EQ(get(3, Split::kTrain, 41), document);
  EXPECT_NE(get(4, Split::kTrain, 41), document);
  EXPECT_NE(get(3, Split::kTest, 41), document);
  EXPECT_NE(get(3, Split::kTrain, 42), document);
}

TEST(Shapes, TellEachPictureByTheTextBeforeIt) {
  const auto shapes = *MakeShapes(kStories, Split::kTest, 32);
  const SceneChecker checker(32);
  for (int64_t i = 0; i < 300; ++i) {
    const Document document = *shapes->Get(i);
    const size_t size = document.segments.size();
    ASSERT_TRUE(size == 4 || size == 6 || size == 8);
    SceneDescription described;
    for (size_t k = 0; k < size; k += 2) {
      const std::string& text = *AsText(document.segments[k]);
      const auto next = k == 0 ? ParseCaption(text) : ApplyInstruction(described, text);
      ASSERT_TRUE(next.ok()) << next.status();
      ASSERT_FALSE(SameScene(*next, described)) << text;
      described = *next;
      ASSERT_TRUE(checker.CheckScene(*AsImage(document.segments[k + 1]), described)->right())
          << text;
    }
  }
}

TEST(Shapes, StoriesKeepWhatTheInstructionDoesNotName) {
  for (int64_t i = 0; i < 1000; ++i) {
    const Story story = DrawStory(kStories, Split::kTrain, i);
    for (size_t k = 1; k < story.scenes.size(); ++k) {
      const Scene& before = story.scenes[k - 1];
      const Scene& after = story.scenes[k];
      ASSERT_EQ(*ApplyInstruction(before.described, story.texts[k]), after.described);
      ASSERT_EQ(before.background, after.background);
      ASSERT_EQ(after.jitter.size(), after.described.objects.size());
      const size_t removed = ParseInstruction(story.texts[k], before.described)->object;
      const bool fewer = after.jitter.size() < before.jitter.size();
      for (size_t j = 0; j < std::min(before.jitter.size(), after.jitter.size()); ++j) {
        ASSERT_EQ(after.jitter[j], before.jitter[fewer ? 1 - removed : j]);
      }
    }
  }
}

// Every instruction that there could be on a scene.
std::vector<Instruction> AllInstructions(const SceneDescription& scene) {
  std::vector<Instruction> all = {{.verb = Verb::kSwap, .value = {}}};
  for (size_t i = 0; i < scene.objects.size(); ++i) {
    all.push_back({.verb = Verb::kRemove, .object = i, .value = {}});
  }
  for (const Place place : AllOf<Place>()) {
    for (const Object& value : AllObjectsAt(place)) {
      for (size_t i = 0; i < scene.objects.size(); ++i) {
        for (const Verb verb : {Verb::kRecolour, Verb::kResize, Verb::kMove, Verb::kAdd}) {
          if (verb != Verb::kAdd ||
              place != Place::kMiddle) {  // nothing is added beside the middle
            all.push_back({.verb = verb, .object = i, .value = value});
          }
        }
      }
    }
  }
  return all;
}

TEST(Shapes, DifferencesAreTwoPicturesAndTheOneInstructionThatLeadsFromTheFirstToTheSecond) {
  const auto shapes = *MakeShapes(kDifferences, Split::kTest, 16);
  const SceneChecker checker(16);
  for (int64_t i = 0; i < 200; ++i) {
    const Document document = *shapes->Get(i);
    ASSERT_EQ(document.segments.size(), 3u);
    const SceneDescription before = **checker.ReadScene(*AsImage(document.segments[0]));
    const SceneDescription after = **checker.ReadScene(*AsImage(document.segments[1]));
    std::set<std::string> texts;
    for (const Instruction& instruction : AllInstructions(before)) {
      if (instruction.verb == Verb::kSwap && before.objects.size() < 2) {
        continue;
      }
      const auto next = Apply(instruction, before);
      if (next.ok() && SameScene(*next, after)) {
        texts.insert(InstructionText(instruction, before));
      }
    }
    EXPECT_EQ(texts, std::set<std::string>{*AsText(document.segments[2])}) << i;
  }
}

TEST(Shapes, NeverDrawHeldOutScenesOutsideTheirSplit) {
  for (const ShapesConfig& config : {kCaptions, kStories, kDifferences}) {
    for (const Split split : {Split::kTrain, Split::kTest}) {
      ForEachScene(config, split, 20000,
                   [](const Scene& scene) { ASSERT_FALSE(IsHeldOut(scene.described)); });
    }
    ForEachScene(config, Split::kHeldOut, 20000,
                 [](const Scene& scene) { ASSERT_TRUE(IsHeldOut(scene.described)); });
  }
}

TEST(IsHeldOut, IgnoresOrderSizeAndPlace) {
  ForEachDescription([](SceneDescription scene) {
    const bool held_out = IsHeldOut(scene);
    std::swap(scene.objects.front(), scene.objects.back());
    scene.objects.front().size = Size::kLarge;
    scene.objects.front().place = Place::kMiddle;
    ASSERT_EQ(IsHeldOut(scene), held_out);
  });
}

TEST(IsHeldOut, HoldsOutASmallShareOfTheScenes) {
  double ones = 0;
  double twos = 0;
  ForEachDescription([&](const SceneDescription& scene) {
    (scene.objects.size() == 1 ? ones : twos) += IsHeldOut(scene);
  });
  EXPECT_EQ(ones, 5 * 2 * 2);  // places, sizes, looks
  EXPECT_GT(twos / (64 * 64 * 4), 0.15);
  EXPECT_LT(twos / (64 * 64 * 4), 0.25);
}

// A role: named alone, first or second.
TEST(Shapes, TrainOnEveryOtherLookInEveryRole) {
  std::set<std::vector<int>> seen;
  ForEachScene(kCaptions, Split::kTrain, 20000, [&](const Scene& scene) {
    const auto& objects = scene.described.objects;
    for (size_t i = 0; i < objects.size(); ++i) {
      const Object& object = objects[i];
      const int role = objects.size() == 1 ? 0 : 1 + static_cast<int>(i);
      seen.insert({role, static_cast<int>(object.size), static_cast<int>(object.colour),
                   static_cast<int>(object.shape), static_cast<int>(object.place)});
    }
  });
  const size_t looks = 2 * (8 * 4 - 2);
  EXPECT_EQ(seen.size(), looks * 5 + looks * 4 + looks * 4);
}

TEST(Shapes, UseTheseWordsOnly) {
  std::set<std::string> words;
  for (const Split split : {Split::kTrain, Split::kHeldOut}) {
    for (int64_t i = 0; i < 3000; ++i) {
      for (const std::string& text : DrawStory(kStories, split, i).texts) {
        std::istringstream stream(text);
        for (std::string word; stream >> word;) {
          words.insert(word);
        }
      }
    }
  }
  EXPECT_EQ(words,
            (std::set<std::string>{
                "a",     "above", "add",   "at",   "below", "black",    "blue",  "bottom", "circle",
                "cross", "cyan",  "green", "in",   "it",    "large",    "left",  "make",   "middle",
                "move",  "of",    "on",    "pink", "red",   "remove",   "right", "small",  "square",
                "swap",  "the",   "them",  "to",   "top",   "triangle", "white", "yellow"}));
}

TEST(Shapes, RefuseWhatTheyCannotDraw) {
  EXPECT_FALSE(MakeShapes(kCaptions, Split::kTrain, 8).ok());
  EXPECT_FALSE(MakeShapes(kCaptions, Split::kTrain, 256).ok());
  EXPECT_FALSE(MakeShapes({.count = 0}, Split::kTrain, 32).ok());
  const auto shapes = *MakeShapes({.count = 10}, Split::kTrain, 32);
  EXPECT_EQ(shapes->size(), 10);
  EXPECT_TRUE(shapes->Get(9).ok());
  EXPECT_FALSE(shapes->Get(10).ok());
  EXPECT_FALSE(shapes->Get(-1).ok());
}

}  // namespace
}  // namespace tessera
