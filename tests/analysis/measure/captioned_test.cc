#include "analysis/measure/captioned.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "analysis/measure/classifier.h"
#include "analysis/measure/retrieval.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

// `count` noisy pictures, of which every other one is dark.
std::vector<CaptionedPicture> DarkAndBright(int64_t count) {
  std::vector<CaptionedPicture> pictures;
  for (int64_t i = 0; i < count; ++i) {
    Image image = NoisePicture(8, 8, i);
    for (uint8_t& code : image.rgb) {
      code = static_cast<uint8_t>(code / 2 + (i % 2 == 0 ? 0 : 128));
    }
    pictures.push_back({i % 2 == 0 ? "dark" : "bright", image});
  }
  return pictures;
}

TEST(CaptionedPictures, AreDocumentsThatBeginWithATextAndAPicture) {
  const auto pictures = CaptionedPictures(ToyDataset(40), 40);
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  size_t next = 0;
  for (uint64_t i = 0; i < 40; ++i) {
    const Document document = ToyDocument(i);
    if (document.segments.size() > 1 && AsText(document.segments[0]) &&
        AsImage(document.segments[1])) {
      ASSERT_LT(next, pictures->size());
      EXPECT_EQ((*pictures)[next].caption, *AsText(document.segments[0]));
      EXPECT_EQ((*pictures)[next].picture, *AsImage(document.segments[1]));
      ++next;
    }
  }
  EXPECT_GT(next, 0u);
  EXPECT_EQ(next, pictures->size());
}

TEST(ClassesOf, AreCaptionsThatManyPicturesShare) {
  EXPECT_EQ(ClassesOf(DarkAndBright(40)), (std::vector<std::string>{"bright", "dark"}));
  EXPECT_TRUE(ClassesOf(DarkAndBright(38)).empty());  // 19 of each
  std::vector<CaptionedPicture> one = DarkAndBright(40);
  one.push_back({"grey", Image()});
  EXPECT_TRUE(ClassesOf(one).empty());
}

TEST(ImageTensor, HasChannelsFirstAndEveryCodeAtItsValue) {
  const Image image{1, 2, {0, 51, 255, 102, 153, 204}};
  EXPECT_TRUE(at::allclose(ImageTensor(image).permute({1, 2, 0}).flatten().to(torch::kFloat64),
                           at::tensor({-1., -.6, 1., -.2, .2, .6}, torch::kFloat64), 0, 1e-6));
  EXPECT_EQ(ImageTensor(image).sizes(), (std::vector<int64_t>{3, 1, 2}));
}

TEST(Classifier, TellsUnseenPicturesApart) {
  const std::vector<CaptionedPicture> pictures = DarkAndBright(80);
  const std::vector<CaptionedPicture> training(pictures.begin(), pictures.begin() + 40);
  std::vector<CaptionedPicture> unseen(pictures.begin() + 40, pictures.end());
  const Classifier classifier(training, {"bright", "dark"}, 8);
  EXPECT_EQ(classifier.Accuracy(unseen), 1);
  for (CaptionedPicture& picture : unseen) {
    picture.caption = picture.caption == "dark" ? "bright" : "dark";
  }
  EXPECT_EQ(classifier.Accuracy(unseen), 0);
}

TEST(CountRetrieved, CountsPicturesThatAreNearestToTheirOwn) {
  std::vector<CaptionedPicture> gallery;
  std::vector<Image> drawn;
  for (uint64_t i = 0; i < 5; ++i) {
    gallery.push_back({"", NoisePicture(4, 4, i)});
    drawn.push_back(gallery.back().picture);
    drawn.back().rgb[7] ^= 128;
  }
  EXPECT_EQ(CountRetrieved(drawn, {0, 1, 2, 3, 4}, gallery, Fit::kCover), 5);
  EXPECT_EQ(CountRetrieved(drawn, {0, 2, 1, 3, 4}, gallery, Fit::kCover), 3);
}

}  // namespace
}  // namespace tessera
