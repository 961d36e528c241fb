#include "analysis/measure/scenes.h"

#include <gtest/gtest.h>

#include "data/shapes/draw.h"
#include "data/shapes/shapes.h"
#include "tests/analysis/untrained_run.h"

namespace tessera {
namespace {

TEST(DescribedScenes, AreTheScenesThatAStoryWasDrawnFrom) {
  const ShapesConfig config{.variant = ShapesVariant::kStories};
  for (int64_t i = 0; i < 50; ++i) {
    const Story story = DrawStory(config, Split::kTest, i);
    Document document;
    for (size_t k = 0; k < story.texts.size(); ++k) {
      document.segments.emplace_back(story.texts[k]);
      document.segments.emplace_back(Image());
    }
    const auto described = DescribedScenes(document);
    ASSERT_TRUE(described.ok()) << described.status();
    ASSERT_EQ(described->size(), story.scenes.size());
    for (size_t k = 0; k < described->size(); ++k) {
      EXPECT_TRUE(SameScene((*described)[k], story.scenes[k].described)) << story.texts[k];
    }
  }
}

TEST(DescribedScenes, FailsAtATextThatIsNoInstruction) {
  EXPECT_FALSE(DescribedScenes({{std::string("a small red circle in the middle"), Image(),
                                 std::string("make it purple")}})
                   .ok());
}

TEST(EvaluateScenes, JudgesEveryTurnOfEachStory) {
  const auto run = UntrainedRun({"data.shapes.variant=stories"});
  ASSERT_TRUE(run.ok()) << run.status();
  const auto test = OpenDataset(run->config, Split::kTest, std::make_shared<const Files>());
  ASSERT_TRUE(test.ok()) << test.status();
  const auto scores = EvaluateScenes(*run, **test, {.count = 20, .batch = 8});
  ASSERT_TRUE(scores.ok()) << scores.status();
  std::vector<int64_t> counts;
  int64_t left = 20;
  for (int64_t i = 0; left > 0; ++i) {
    const auto pictures = std::ssize(DrawStory(run->config.data.shapes, Split::kTest, i).scenes);
    for (int64_t turn = 0; turn < std::min(pictures, left); ++turn) {
      counts.resize(std::max<size_t>(counts.size(), turn + 1));
      ++counts[turn];
    }
    left -= std::min(pictures, left);
  }
  EXPECT_EQ(scores->all.count, 20);
  ASSERT_EQ(scores->by_turn.size(), counts.size());
  double right = 0;
  for (size_t turn = 0; turn < counts.size(); ++turn) {
    EXPECT_EQ(scores->by_turn[turn].count, counts[turn]);
    right += scores->by_turn[turn].shape;
  }
  EXPECT_GT(right, 0);  // four shapes: a blank picture is nearest to one of them
}

}  // namespace
}  // namespace tessera
