#include "analysis/report/showcase.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/measure/captioned.h"
#include "analysis/measure/scenes.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "data/shapes/scene_check.h"

namespace tessera {
namespace {

constexpr int64_t kDrawn = 12, kRead = 8, kPairs = 12;
constexpr int64_t kPictureColumn = 130, kPairColumn = 220;  // pixels

bool IsShapes(const Run& run) { return run.config.data.kind == DataKind::kShapes; }

// Documents of several pictures; then no text stands behind a first picture alone.
bool TellsStories(const Run& run) {
  return IsShapes(run) ? run.config.data.shapes.variant == ShapesVariant::kStories
                       : run.config.data.kind == DataKind::kDocuments;
}

// "right", or what is wrong.
absl::StatusOr<std::string> Verdict(const Run& run, const Image& image,
                                    const SceneDescription& told) {
  const SceneChecker checker(run.layout.grids[0].rows * run.layout.patch);
  ASSIGN_OR_RETURN(const SceneReading reading, checker.CheckScene(image, told));
  const auto any_lacks = [&](bool ObjectReading::*attribute) {
    return !std::ranges::all_of(reading.objects, attribute);
  };
  std::vector<std::string> wrong;
  for (const auto& [is_wrong, name] : {std::pair(any_lacks(&ObjectReading::shape), "shape"),
                                       {any_lacks(&ObjectReading::colour), "colour"},
                                       {any_lacks(&ObjectReading::size), "size"},
                                       {!reading.places, "place"},
                                       {!reading.nothing_else, "something else is there"}}) {
    if (is_wrong) {
      wrong.emplace_back(name);
    }
  }
  return reading.right() ? "right" : absl::StrCat("wrong: ", absl::StrJoin(wrong, ", "));
}

Figure ImageFigure(const Image& image, const std::string& caption) {
  return PngFigure(EncodePng(image), caption);
}

absl::Status AddDrawn(const Run& run, const Dataset& dataset, const std::string& heading,
                      HtmlPage* page) {
  ASSIGN_OR_RETURN(const auto truths, CaptionedPictures(dataset, kDrawn));
  if (truths.empty() || !run.config.generates_images()) {
    return absl::OkStatus();
  }
  std::vector<Document> captions;
  for (const CaptionedPicture& truth : truths) {
    captions.push_back({{truth.caption}});
  }
  const Drawn drawn = Draw(run, captions, EvaluateOptions());
  std::vector<Figure> figures;
  for (size_t i = 0; i < truths.size(); ++i) {
    std::string caption = truths[i].caption;
    if (IsShapes(run)) {
      ASSIGN_OR_RETURN(const SceneDescription told, ParseCaption(caption));
      ASSIGN_OR_RETURN(const std::string verdict, Verdict(run, drawn.images[i], told));
      absl::StrAppend(&caption, " (", verdict, ")");
    }
    figures.push_back(ImageFigure(drawn.images[i], caption));
  }
  page->Heading(heading);
  page->Figures(figures, kPictureColumn);
  return absl::OkStatus();
}

// Whether a written text tells what is true.
std::string TextVerdict(const Run& run, const std::string& text, const std::string& truth) {
  const auto written = ParseCaption(text), told = ParseCaption(truth);
  const bool same_scene = written.ok() && told.ok() && SameScene(*written, *told);
  return text == truth || (IsShapes(run) && same_scene) ? "right" : absl::StrCat("it is: ", truth);
}

absl::Status AddWritten(const Run& run, const Dataset& test, HtmlPage* page) {
  ASSIGN_OR_RETURN(const auto truths, CaptionedPictures(test, kRead));
  if (truths.empty() || TellsStories(run)) {
    return absl::OkStatus();
  }
  std::vector<Document> pictures;
  for (const CaptionedPicture& truth : truths) {
    pictures.push_back({{truth.picture}});
  }
  const std::vector<Document> written = ContinueAll(run, pictures, Until::kText, EvaluateOptions());
  std::vector<Figure> figures;
  for (size_t i = 0; i < written.size(); ++i) {
    const std::string* text = AsText(written[i].segments.back());
    const std::string caption = text == nullptr ? "" : *text;
    const std::string verdict = TextVerdict(run, caption, truths[i].caption);
    figures.push_back(
        ImageFigure(truths[i].picture, absl::StrCat("\"", caption, "\" (", verdict, ")")));
  }
  page->Heading("Written for pictures that it has not seen");
  page->Figures(figures, kPictureColumn);
  return absl::OkStatus();
}

// Of differences: two pictures, and what is written behind them.
absl::Status AddDifferences(const Run& run, const Dataset& test, HtmlPage* page) {
  if (!IsShapes(run) || run.config.data.shapes.variant != ShapesVariant::kDifferences) {
    return absl::OkStatus();
  }
  std::vector<Document> pairs;
  std::vector<std::string> truths;
  for (int64_t i = 0; i < std::min(kPairs, test.size()); ++i) {
    ASSIGN_OR_RETURN(const Document document, test.Get(i));
    pairs.push_back({{document.segments[0], document.segments[1]}});
    truths.push_back(*AsText(document.segments[2]));
  }
  const std::vector<Document> written = ContinueAll(run, pairs, Until::kText, EvaluateOptions());
  std::vector<Figure> figures;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const std::string* text = AsText(written[i].segments.back());
    const std::string told = text == nullptr ? "" : *text;
    const Image both =
        ContactSheet({*AsImage(pairs[i].segments[0]), *AsImage(pairs[i].segments[1])}, 2, 1, 1);
    figures.push_back(
        ImageFigure(both, absl::StrCat("\"", told, "\" (",
                                       told == truths[i] ? "right" : "it is: " + truths[i], ")")));
  }
  page->Heading("What changed from the left picture to the right one, of pictures not seen before");
  page->Figures(figures, kPairColumn);
  return absl::OkStatus();
}

// What is drawn for captions of the training set, beside the picture that the caption belongs to.
absl::Status AddTrainingPairs(const Run& run, const Dataset& training, HtmlPage* page) {
  ASSIGN_OR_RETURN(const auto truths, CaptionedPictures(training, kPairs));
  if (truths.empty() || !run.config.generates_images()) {
    return absl::OkStatus();
  }
  std::vector<Document> captions;
  for (const CaptionedPicture& truth : truths) {
    captions.push_back({{truth.caption}});
  }
  const Drawn drawn = Draw(run, captions, EvaluateOptions());
  std::vector<Figure> figures;
  for (size_t i = 0; i < truths.size(); ++i) {
    const Image& image = drawn.images[i];
    const Image truth = FitTo(truths[i].picture, image.height, image.width, run.layout.fit);
    figures.push_back(ImageFigure(ContactSheet({image, truth}, 2, 1, 1), truths[i].caption));
  }
  page->Heading("Training pictures: left drawn for the caption, right true");
  page->Figures(figures, kPairColumn);
  return absl::OkStatus();
}

// Each picture with the text before it, and whether it shows what the texts up to it tell.
absl::StatusOr<std::vector<Figure>> StoryFigures(const Run& run, const Document& story) {
  std::vector<Figure> figures;
  Document so_far;
  std::string text;
  for (const Segment& segment : story.segments) {
    so_far.segments.push_back(segment);
    const Image* image = AsImage(segment);
    if (image == nullptr) {
      text = *AsText(segment);
      continue;
    }
    if (IsShapes(run)) {
      const auto told = ToldScenes(so_far);
      std::string verdict = "the text makes no sense here";
      if (told.ok() && !told->empty()) {
        ASSIGN_OR_RETURN(verdict, Verdict(run, *image, told->back()));
      }
      absl::StrAppend(&text, " (", verdict, ")");
    }
    figures.push_back(ImageFigure(*image, text));
    text.clear();
  }
  return figures;
}

absl::Status AddStory(const Run& run, const Document& prompt, const std::string& heading,
                      HtmlPage* page) {
  const Document story = ContinueAll(run, {prompt}, Until::kEnd, EvaluateOptions()).front();
  ASSIGN_OR_RETURN(const std::vector<Figure> figures, StoryFigures(run, story));
  page->Heading(heading);
  page->Figures(figures, kPictureColumn);
  if (!story.segments.empty() && AsText(story.segments.back())) {
    page->Paragraph(*AsText(story.segments.back()));
  }
  return absl::OkStatus();
}

// The first picture of a document and its first text, in their order, and whether they agree.
absl::StatusOr<std::optional<Figure>> PairFigure(const Run& run, const Document& document) {
  const Image* picture = nullptr;
  std::string text, told;
  for (const Segment& segment : document.segments) {
    if (const Image* image = AsImage(segment); image != nullptr && picture == nullptr) {
      picture = image;
      text += text.empty() ? "the picture, then " : ", then the picture";
    } else if (image == nullptr && told.empty()) {
      told = *AsText(segment);
      absl::StrAppend(&text, "\"", told, "\"");
    }
  }
  if (picture == nullptr) {
    return std::nullopt;
  }
  if (const auto scene = ParseCaption(told); IsShapes(run) && scene.ok()) {
    ASSIGN_OR_RETURN(const std::string verdict, Verdict(run, *picture, *scene));
    absl::StrAppend(&text, " (", verdict, ")");
  }
  return ImageFigure(*picture, text);
}

absl::Status AddInventions(const Run& run, HtmlPage* page) {
  std::vector<Figure> figures;
  for (const Document& document :
       ContinueAll(run, std::vector<Document>(kRead), Until::kEnd, EvaluateOptions())) {
    ASSIGN_OR_RETURN(std::optional<Figure> figure, PairFigure(run, document));
    if (figure) {
      figures.push_back(*std::move(figure));
    }
  }
  page->Heading("Documents of its own invention, which it begins with a text or with a picture");
  page->Figures(figures, kPictureColumn);
  return absl::OkStatus();
}

}  // namespace

absl::Status AddShowcase(const Run& run, const std::shared_ptr<const Files>& files,
                         HtmlPage* page) {
  ASSIGN_OR_RETURN(const auto test, OpenDataset(run.config, Split::kTest, files));
  RETURN_IF_ERROR(AddDrawn(run, *test, "Drawn for captions of the test split", page));
  if (IsShapes(run)) {
    ASSIGN_OR_RETURN(const auto held_out, OpenDataset(run.config, Split::kHeldOut, files));
    RETURN_IF_ERROR(AddDrawn(run, *held_out, "Drawn for combinations that it never saw", page));
  }
  RETURN_IF_ERROR(AddWritten(run, *test, page));
  if (!IsShapes(run)) {
    ASSIGN_OR_RETURN(const auto training, OpenDataset(run.config, Split::kTrain, files));
    RETURN_IF_ERROR(AddTrainingPairs(run, *training, page));
  }
  RETURN_IF_ERROR(AddDifferences(run, *test, page));
  if (!run.config.generates_images()) {
    return absl::OkStatus();
  }
  if (TellsStories(run)) {
    ASSIGN_OR_RETURN(const auto openings, CaptionedPictures(*test, 1));
    if (!openings.empty()) {
      RETURN_IF_ERROR(AddStory(run, {{openings.front().caption}},
                               "A whole document, told on from its first text", page));
    }
    return AddStory(run, {}, "A whole document, of its own invention", page);
  }
  return AddInventions(run, page);
}

}  // namespace tessera
