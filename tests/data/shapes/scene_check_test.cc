#include "data/shapes/scene_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "data/shapes/shapes.h"
#include "tests/data/shapes/all_scenes.h"
#include "tests/data/shapes/noisy_scenes.h"

namespace tessera {
namespace {

constexpr int64_t kSide = 32;

Image DrawOf(const std::string& caption) {
  const SceneDescription described = *ParseCaption(caption);
  return Draw({described, Background::kGrey, std::vector<Jitter>(described.objects.size())}, kSide);
}

SceneReading Check(const Image& image, const std::string& caption) {
  return *SceneChecker(kSide).CheckScene(image, *ParseCaption(caption));
}

// Every description that differs from this one in one attribute of one object, or in its places.
std::vector<SceneDescription> OneOff(const SceneDescription& scene) {
  std::vector<SceneDescription> others;
  const auto add = [&](size_t i, const Object& object) {
    others.push_back(scene);
    others.back().objects[i] = object;
  };
  for (size_t i = 0; i < scene.objects.size(); ++i) {
    for (const Object& object : AllObjectsAt(scene.objects[i].place)) {
      const Object& described = scene.objects[i];
      const int differences = (object.size != described.size) +
                              (object.colour != described.colour) +
                              (object.shape != described.shape);
      if (differences == 1) {
        add(i, object);
      }
    }
  }
  for (const Place place : AllOf<Place>()) {
    SceneDescription moved = scene;
    moved.objects.front().place = place;
    moved.objects.back().place = scene.objects.size() == 1 ? place : Opposite(place);
    if (IsLegal(moved) && !SameScene(moved, scene)) {
      others.push_back(moved);
    }
  }
  return others;
}

TEST(SceneChecker, ReadsTrueDrawings) { EXPECT_EQ(ShareRight(kSide, 1000, 0), 1); }

TEST(SceneChecker, ReadsDrawingsUnderNoise) { EXPECT_GE(ShareRight(kSide, 1000, 20), 0.98); }

TEST(SceneChecker, ReadsDrawingsOfEverySide) {
  EXPECT_EQ(ShareRight(16, 1000, 0), 1);
  EXPECT_GE(ShareRight(16, 1000, 20), 0.98);
  EXPECT_EQ(ShareRight(20, 200, 0), 1);
  EXPECT_EQ(ShareRight(64, 200, 20), 1);
  EXPECT_EQ(ShareRight(128, 20, 20), 1);
}

TEST(SceneChecker, RejectsADescriptionThatIsWrongInOneAttribute) {
  const SceneChecker checker(kSide);
  std::mt19937 rng(2);
  int64_t tried = 0;
  int64_t accepted = 0;
  for (int64_t i = 0; i < 200; ++i) {
    const Scene scene = DrawStory({}, Split::kTest, i).scenes.front();
    const Image image = WithNoise(Draw(scene, kSide), i % 2 * 20, rng);
    for (const SceneDescription& other : OneOff(scene.described)) {
      ++tried;
      accepted += checker.CheckScene(image, other)->right();
    }
  }
  EXPECT_GT(tried, 2000);
  EXPECT_LE(accepted, tried / 200);
}

TEST(SceneChecker, NamesTheWrongAttribute) {
  const Image image = DrawOf("a small red circle left of a large blue square");
  const auto reading = Check(image, "a small red circle left of a small blue square");
  EXPECT_TRUE(reading.places && reading.nothing_else && reading.objects[0].right());
  EXPECT_TRUE(reading.objects[1].colour && reading.objects[1].shape);
  EXPECT_FALSE(reading.objects[1].size);
  EXPECT_FALSE(reading.right());
}

TEST(SceneChecker, MissesAnObjectThatIsNotThere) {
  const auto reading = Check(DrawOf("a small red circle on the left"),
                             "a small red circle left of a large blue square");
  EXPECT_TRUE(reading.objects[0].right());
  EXPECT_FALSE(reading.places);
}

TEST(SceneChecker, SeesAnObjectTooMany) {
  const auto reading = Check(DrawOf("a small red circle left of a large blue square"),
                             "a small red circle on the left");
  EXPECT_TRUE(reading.objects[0].right());
  EXPECT_FALSE(reading.places);
  EXPECT_FALSE(reading.nothing_else);
}

// Wherever it stands: a small object of any look on any background, in a corner.
TEST(SceneChecker, SeesAnObjectWhereNoSceneHasOne) {
  const SceneChecker checker(kSide);
  for (const Background background : AllOf<Background>()) {
    for (const Object& object : AllObjectsAt(Place::kMiddle)) {
      const auto described = *ParseCaption("a small red circle on the right");
      Image image = Draw({described, background, {{0, 0}}}, kSide);
      const Image stray = Draw({{{object}}, background, {{0, 0}}}, kSide);
      for (int64_t y = 0; y < 12; ++y) {
        std::copy_n(stray.rgb.begin() + ((y + 10) * kSide + 10) * 3, 12 * 3,
                    image.rgb.begin() + y * kSide * 3);
      }
      EXPECT_FALSE(checker.CheckScene(image, described)->right());
    }
  }
}

TEST(SceneChecker, ReadsNoSceneFromABareBackground) {
  const SceneChecker checker(kSide);
  for (const Background background : AllOf<Background>()) {
    EXPECT_FALSE(checker.ReadScene(Draw({{}, background, {}}, kSide))->has_value());
  }
}

TEST(SceneChecker, MeasuresTheDistanceToTheNearestDescribedDrawing) {
  const SceneChecker checker(kSide);
  std::mt19937 rng(3);
  for (int64_t i = 0; i < 5; ++i) {
    const Scene scene = DrawStory({}, Split::kTest, i).scenes.front();
    const Image image = WithNoise(Draw(scene, kSide), 10, rng);
    const Image clean = Draw(scene, kSide);
    double squared = 0;
    for (size_t k = 0; k < image.rgb.size(); ++k) {
      squared += std::pow((image.rgb[k] - clean.rgb[k]) / 127.5, 2);
    }
    const double distance = checker.CheckScene(image, scene.described)->distance;
    EXPECT_NEAR(distance, squared / static_cast<double>(image.rgb.size()), 2e-5);
    EXPECT_NEAR(checker.CheckScene(clean, scene.described)->distance, 0, 1e-5);
  }
}

TEST(SceneChecker, RefusesAPictureOfAnotherSide) {
  EXPECT_FALSE(SceneChecker(16).ReadScene(DrawOf("a small red circle on the left")).ok());
}

}  // namespace
}  // namespace tessera
