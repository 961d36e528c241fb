#include "analysis/measure/class_network.h"

#include <gtest/gtest.h>

#include "tests/files/temp_folder.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

// Noise, which is bright in the left half or in the right one.
std::vector<CaptionedPicture> Halves(int64_t count, uint64_t seed) {
  std::vector<CaptionedPicture> pictures;
  for (int64_t i = 0; i < count; ++i) {
    Image image = NoisePicture(8, 8, seed + static_cast<uint64_t>(i));
    for (int64_t j = 0; j < std::ssize(image.rgb); ++j) {
      const bool left = j / 3 % 8 < 4;
      image.rgb[j] = static_cast<uint8_t>(image.rgb[j] / 2 + (left == (i % 2 == 0) ? 128 : 0));
    }
    pictures.push_back({i % 2 == 0 ? "left" : "right", std::move(image)});
  }
  return pictures;
}

TEST(ClassNetwork, NamesTheClassesOfPicturesThatItHasNotSeenAndIsReadFromItsFile) {
  const TempFolder folder;
  const auto file = TrainClassNetwork(Halves(400, 0), {.pixels = 8, .epochs = 10});
  ASSERT_TRUE(file.ok()) << file.status();
  folder.Write("judge.pt", *file);
  const auto judge = LoadFeatures(folder / "judge.pt", 0, Files());
  ASSERT_TRUE(judge.ok()) << judge.status();
  EXPECT_EQ(judge->name, "judge");
  EXPECT_EQ(judge->pixels, 8);
  EXPECT_EQ(judge->classes, (std::vector<std::string>{"left", "right"}));
  EXPECT_GT(ShareRecognised(*judge, Halves(100, 7000)), .97);
  std::vector<CaptionedPicture> others = Halves(100, 7000);
  for (CaptionedPicture& picture : others) {
    picture.caption = "neither";
  }
  EXPECT_EQ(ShareRecognised(*judge, others), 0);
  const std::vector<Image> two = {others[0].picture, others[1].picture};
  EXPECT_EQ(FeaturesOf(*judge, two).sizes(), (std::vector<int64_t>{2, 128}));
  EXPECT_TRUE(at::allclose(LogitsOf(*judge, two)[1], LogitsOf(*judge, {two[1]})[0], 1e-4, 1e-4))
      << "a picture's logits do not depend on those beside it";
}

TEST(ClassNetwork, IsRefusedWhereCaptionsNameNoClasses) {
  std::vector<CaptionedPicture> pictures = Halves(60, 0);
  pictures[0].caption = "alone";
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "are no names of classes",
                      std::string(TrainClassNetwork(pictures, {}).status().message()));
}

}  // namespace
}  // namespace tessera
