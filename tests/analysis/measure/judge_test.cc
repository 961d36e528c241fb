#include "analysis/measure/judge.h"

#include <gtest/gtest.h>

#include "analysis/measure/captioned.h"
#include "data/shapes/shapes.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

constexpr int64_t kPixels = 32;

std::vector<Document> Drawn(ShapesVariant variant, int64_t count) {
  const auto dataset = MakeShapes({.variant = variant}, Split::kTest, kPixels).value();
  std::vector<Document> documents;
  for (int64_t i = 0; i < count; ++i) {
    documents.push_back(dataset->Get(i).value());
  }
  return documents;
}

std::unique_ptr<const Judge> FileJudge(DataKind kind) {
  DataConfig config;
  config.kind = kind;
  config.path = "some/folder";
  return MakeJudge(config);
}

TEST(SceneJudge, FindsEveryPictureOfATrueStoryRight) {
  const auto judge = MakeSceneJudge(ShapesVariant::kStories);
  for (const Document& story : Drawn(ShapesVariant::kStories, 5)) {
    for (const PictureInPlace& shown : PicturesInPlace(story)) {
      EXPECT_EQ(judge->PictureVerdict(shown.picture, shown.up_to).value(), "right") << shown.text;
    }
  }
}

TEST(SceneJudge, SaysWhatIsWrongAboutThePictureOfAnotherCaption) {
  const auto judge = MakeSceneJudge(ShapesVariant::kCaptions);
  const Document document = Drawn(ShapesVariant::kCaptions, 1).front();
  const Image& picture = *AsImage(document.segments[1]);
  EXPECT_EQ(judge->PictureVerdict(picture, {{std::string("a purple cow")}}).value(),
            "the text makes no sense here");
  Image white = picture;
  std::ranges::fill(white.rgb, 255);
  EXPECT_TRUE(judge->PictureVerdict(white, document).value().starts_with("wrong: "));
}

TEST(SceneJudge, TakesACaptionThatNamesTheObjectsInTheOtherOrderForRight) {
  const auto judge = MakeSceneJudge(ShapesVariant::kCaptions);
  int64_t turned = 0;
  for (const Document& document : Drawn(ShapesVariant::kCaptions, 20)) {
    const std::string& truth = *AsText(document.segments[0]);
    SceneDescription scene = ParseCaption(truth).value();
    std::ranges::reverse(scene.objects);
    const std::string other = Caption(scene);
    EXPECT_EQ(judge->TextVerdict(other, truth), "right") << other;
    scene.objects.front().shape =
        scene.objects.front().shape == Shape::kCircle ? Shape::kSquare : Shape::kCircle;
    EXPECT_EQ(judge->TextVerdict(Caption(scene), truth), "it is: " + truth);
    turned += other != truth;
  }
  EXPECT_GT(turned, 0);
}

TEST(Judge, AsksForTheTextThatFollowsFromThePicturesAlone) {
  const auto answer = [](const Judge& judge, const Document& document) {
    const std::optional<Question> question = judge.QuestionOf(document);
    return question ? question->answer : "no question";
  };
  const Document caption = Drawn(ShapesVariant::kCaptions, 1).front();
  EXPECT_EQ(answer(*MakeSceneJudge(ShapesVariant::kCaptions), caption),
            *AsText(caption.segments[0]));
  EXPECT_EQ(answer(*FileJudge(DataKind::kImageFolder), caption), *AsText(caption.segments[0]));
  EXPECT_EQ(answer(*FileJudge(DataKind::kDocuments), caption), "no question");
  EXPECT_EQ(answer(*MakeSceneJudge(ShapesVariant::kStories), caption), "no question");
  const Document pair = Drawn(ShapesVariant::kDifferences, 1).front();
  const auto question = MakeSceneJudge(ShapesVariant::kDifferences)->QuestionOf(pair);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->answer, *AsText(pair.segments[2]));
  EXPECT_EQ(question->prompt.segments.size(), 2);
}

TEST(Judge, LabelsDocumentsWhoseCaptionsAreFewByTheirCaption) {
  std::vector<Document> documents;
  for (int64_t i = 0; i < 40; ++i) {
    documents.push_back({{std::string(i % 2 == 0 ? "even" : "odd"), NoisePicture(4, 4, i)}});
  }
  documents.push_back({{NoisePicture(4, 4, 40)}});
  const auto labels = FileJudge(DataKind::kImageFolder)->Labels(documents).value();
  ASSERT_EQ(labels.size(), 1);
  EXPECT_EQ(labels[0].classes, (std::vector<std::string>{"even", "odd"}));
  EXPECT_EQ(labels[0].of_document[0], 0);
  EXPECT_EQ(labels[0].of_document[1], 1);
  EXPECT_EQ(labels[0].of_document[40], -1);
}

TEST(Judge, SaysWhatTheDataIs) {
  EXPECT_EQ(MakeSceneJudge(ShapesVariant::kStories)->DataName(), "drawn stories");
  EXPECT_EQ(FileJudge(DataKind::kDocuments)->DataName(), "some/folder");
}

}  // namespace
}  // namespace tessera
