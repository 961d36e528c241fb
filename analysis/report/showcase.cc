#include "analysis/report/showcase.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "analysis/measure/captioned.h"
#include "analysis/measure/judge.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "run/fitting_split.h"
#include "sequence/mixed_order.h"

namespace tessera {
namespace {

constexpr int64_t kDrawn = 12, kRead = 8, kPairs = 12;
constexpr int64_t kPictureColumn = 130, kPairColumn = 220;  // pixels

struct Showing {
  const Run& run;
  const Judge& judge;
  HtmlPage* page;
};

Figure ImageFigure(const Image& image, const std::string& caption) {
  return PngFigure(EncodePng(image), caption);
}

// "(right)" or what is wrong, behind a space; empty if the picture is not judged.
absl::StatusOr<std::string> InBrackets(const Judge& judge, const Image& image,
                                       const Document& before) {
  ASSIGN_OR_RETURN(const std::string verdict, judge.PictureVerdict(image, before));
  return verdict.empty() ? "" : absl::StrCat(" (", verdict, ")");
}

// Pictures with captions, and what the run draws for each caption.
struct DrawnCaptions {
  std::vector<CaptionedPicture> truths;
  std::vector<Document> captions;
  std::vector<Image> images;
};

// Draws for at most `count` captions of the data set; for none if the run draws no pictures.
absl::StatusOr<DrawnCaptions> DrawCaptions(const Run& run, const Dataset& dataset, int64_t count) {
  DrawnCaptions drawn;
  if (!run.config.generates_images()) {
    return drawn;
  }
  ASSIGN_OR_RETURN(drawn.truths, CaptionedPictures(dataset, count));
  for (const CaptionedPicture& truth : drawn.truths) {
    drawn.captions.push_back({{truth.caption}});
  }
  if (!drawn.truths.empty()) {
    drawn.images = Draw(run, drawn.captions, EvaluateOptions()).images;
  }
  return drawn;
}

absl::Status AddDrawn(const Showing& showing, const Dataset& dataset, const std::string& heading) {
  ASSIGN_OR_RETURN(const DrawnCaptions drawn, DrawCaptions(showing.run, dataset, kDrawn));
  if (drawn.images.empty()) {
    return absl::OkStatus();
  }
  std::vector<Figure> figures;
  for (size_t i = 0; i < drawn.images.size(); ++i) {
    ASSIGN_OR_RETURN(const std::string verdict,
                     InBrackets(showing.judge, drawn.images[i], drawn.captions[i]));
    figures.push_back(ImageFigure(drawn.images[i], drawn.truths[i].caption + verdict));
  }
  showing.page->Heading(heading);
  showing.page->Figures(figures, kPictureColumn);
  return absl::OkStatus();
}

// The pictures of a prompt, side by side.
Image Beside(const Document& prompt) {
  std::vector<Image> pictures;
  for (const Segment& segment : prompt.segments) {
    pictures.push_back(*AsImage(segment));
  }
  const int64_t count = std::ssize(pictures);
  return count == 1 ? pictures.front() : ContactSheet(pictures, count, 1, 1);
}

absl::Status AddWritten(const Showing& showing, const Dataset& test) {
  std::vector<Document> prompts;
  std::vector<std::string> answers;
  const int64_t count = std::min(kRead, test.size());
  for (int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const Document document, test.Get(SpreadAt(test, i, count)));
    if (std::optional<Question> question = showing.judge.QuestionOf(document)) {
      prompts.push_back(std::move(question->prompt));
      answers.push_back(std::move(question->answer));
    }
  }
  if (prompts.empty()) {
    return absl::OkStatus();
  }
  const std::vector<Document> written =
      ContinueAll(showing.run, prompts, Until::kText, EvaluateOptions());
  std::vector<Figure> figures;
  for (size_t i = 0; i < written.size(); ++i) {
    const std::string* text = AsText(written[i].segments.back());
    const std::string words = text == nullptr ? "" : *text;
    const std::string verdict = showing.judge.TextVerdict(words, answers[i]);
    figures.push_back(
        ImageFigure(Beside(prompts[i]), absl::StrCat("\"", words, "\" (", verdict, ")")));
  }
  const bool one = prompts.front().segments.size() == 1;
  showing.page->Heading(one ? "Written for pictures that it has not seen"
                            : "What changed from the left picture to the right one, written for "
                              "pictures that it has not seen");
  showing.page->Figures(figures, one ? kPictureColumn : kPairColumn);
  return absl::OkStatus();
}

// What is drawn for captions of the training set, beside the picture that the caption belongs to.
absl::Status AddTrainingPairs(const Showing& showing, const Dataset& training) {
  const Run& run = showing.run;
  ASSIGN_OR_RETURN(const DrawnCaptions drawn, DrawCaptions(run, training, kPairs));
  if (drawn.images.empty()) {
    return absl::OkStatus();
  }
  std::vector<Figure> figures;
  for (size_t i = 0; i < drawn.images.size(); ++i) {
    const Image& image = drawn.images[i];
    const Image truth = FitTo(drawn.truths[i].picture, image.height, image.width, run.layout.fit);
    figures.push_back(ImageFigure(ContactSheet({image, truth}, 2, 1, 1), drawn.truths[i].caption));
  }
  showing.page->Heading("Training pictures: left drawn for the caption, right true");
  showing.page->Figures(figures, kPairColumn);
  return absl::OkStatus();
}

// Each picture with the text before it, and whether it shows what the texts up to it tell.
absl::Status AddStory(const Showing& showing, const Document& prompt, const std::string& heading) {
  const Document story = ContinueAll(showing.run, {prompt}, Until::kEnd, EvaluateOptions()).front();
  std::vector<Figure> figures;
  for (const PictureInPlace& shown : PicturesInPlace(story)) {
    ASSIGN_OR_RETURN(const std::string verdict,
                     InBrackets(showing.judge, shown.picture, shown.up_to));
    figures.push_back(ImageFigure(shown.picture, shown.text + verdict));
  }
  showing.page->Heading(heading);
  showing.page->Figures(figures, kPictureColumn);
  if (!story.segments.empty() && AsText(story.segments.back())) {
    showing.page->Paragraph(*AsText(story.segments.back()));
  }
  return absl::OkStatus();
}

absl::Status AddStories(const Showing& showing, const Dataset& test) {
  ASSIGN_OR_RETURN(const auto openings, CaptionedPictures(test, 1));
  if (!openings.empty()) {
    RETURN_IF_ERROR(AddStory(showing, {{openings.front().caption}},
                             "A whole document, continued from its first text"));
  }
  return AddStory(showing, {}, "A whole document, of its own invention");
}

// The first picture of a document and its first text, in their order, and whether they agree.
absl::StatusOr<std::optional<Figure>> PairFigure(const Judge& judge, const Document& document) {
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
  if (!told.empty()) {
    ASSIGN_OR_RETURN(const std::string verdict, InBrackets(judge, *picture, {{told}}));
    text += verdict;
  }
  return ImageFigure(*picture, text);
}

absl::Status AddInventions(const Showing& showing) {
  std::vector<Figure> figures;
  for (const Document& document :
       ContinueAll(showing.run, std::vector<Document>(kRead), Until::kEnd, EvaluateOptions())) {
    ASSIGN_OR_RETURN(std::optional<Figure> figure, PairFigure(showing.judge, document));
    if (figure) {
      figures.push_back(*std::move(figure));
    }
  }
  showing.page->Heading(
      "Documents of its own invention, which it begins with a text or with a picture");
  showing.page->Figures(figures, kPictureColumn);
  return absl::OkStatus();
}

}  // namespace

absl::Status AddShowcase(const Run& run, const std::shared_ptr<const Files>& files,
                         HtmlPage* page) {
  const std::unique_ptr<const Judge> judge = MakeJudge(run.config.data);
  const Showing showing{run, *judge, page};
  ASSIGN_OR_RETURN(const auto test, OpenFittingPart(run, Split::kTest, files));
  RETURN_IF_ERROR(AddDrawn(showing, *test, "Drawn for captions of the test split"));
  if (judge->HoldsOut()) {
    ASSIGN_OR_RETURN(const auto held_out, OpenFittingPart(run, Split::kHeldOut, files));
    RETURN_IF_ERROR(AddDrawn(showing, *held_out, "Drawn for combinations that it never saw"));
  }
  RETURN_IF_ERROR(AddWritten(showing, *test));
  if (!judge->HoldsOut()) {
    ASSIGN_OR_RETURN(const auto training, OpenFittingPart(run, Split::kTrain, files));
    RETURN_IF_ERROR(AddTrainingPairs(showing, *training));
  }
  if (!run.config.generates_images()) {
    return absl::OkStatus();
  }
  return judge->TellsStories() ? AddStories(showing, *test) : AddInventions(showing);
}

}  // namespace tessera
