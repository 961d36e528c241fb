// The judge of data sets of files. Where captions are few and shared, they are names of classes,
// and a classifier names the class of drawn pictures. Where they are many, a drawn picture should
// be nearest to its own of the training set. Where no document is a captioned picture, there is
// nothing to judge.
#include <algorithm>

#include "absl/strings/str_join.h"
#include "analysis/measure/captioned.h"
#include "analysis/measure/classifier.h"
#include "analysis/measure/judge.h"
#include "analysis/measure/retrieval.h"
#include "config/status.h"
#include "data/mixture.h"

namespace tessera {
namespace {

// Pictures of a split: to find classes and a gallery in, and to judge the classifier on.
constexpr int64_t kMostPictures = 4000;

// Adds nothing if no document is a captioned picture.
absl::Status AddCaptions(const Run& run, const std::string& name, const Dataset& dataset,
                         const EvaluateOptions& options, Metrics* metrics) {
  ASSIGN_OR_RETURN(const auto pictures, CaptionedPictures(dataset, options.count));
  if (!pictures.empty()) {
    metrics->emplace_back(name, ShareOfExactCaptions(run, pictures, options));
  }
  return absl::OkStatus();
}

absl::Status AddClasses(const Run& run, const std::vector<CaptionedPicture>& training,
                        const Dataset& test, const EvaluateOptions& options, Metrics* metrics) {
  if (run.config.generates_images()) {
    ASSIGN_OR_RETURN(const auto all_test, CaptionedPictures(test, kMostPictures));
    const ClassScore score = EvaluateClasses(run, training, all_test, options);
    metrics->insert(metrics->end(), {{"class_recognised", score.drawn},
                                     {"class_pictures_per_caption", score.per_class},
                                     {"classifier_on_true_test_pictures", score.true_pictures},
                                     {"seconds_per_picture", score.seconds_per_picture}});
  }
  return AddCaptions(run, "caption_accuracy", test, options, metrics);
}

absl::Status AddRetrieval(const Run& run, const std::vector<CaptionedPicture>& training,
                          const Splits& splits, const EvaluateOptions& options, Metrics* metrics) {
  const RetrievalScore score =
      run.config.generates_images() ? EvaluateRetrieval(run, training, options) : RetrievalScore();
  if (score.gallery > 0) {
    metrics->insert(metrics->end(), {{"training_retrieval", score.retrieved},
                                     {"training_retrieval_gallery", score.gallery},
                                     {"seconds_per_picture", score.seconds_per_picture}});
  }
  RETURN_IF_ERROR(AddCaptions(run, "training_captions_exact", *splits.training, options, metrics));
  return AddCaptions(run, "caption_accuracy", *splits.test, options, metrics);
}

class FileJudge : public Judge {
 public:
  FileJudge(std::string path, bool stories) : path_(std::move(path)), stories_(stories) {}

  std::string DataName() const override { return path_; }
  bool HoldsOut() const override { return false; }
  bool TellsStories() const override { return stories_; }

  absl::Status AddMetrics(const Run& run, const Splits& splits, const EvaluateOptions& options,
                          Metrics* metrics) const override {
    ASSIGN_OR_RETURN(const auto pictures, CaptionedPictures(*splits.training, kMostPictures));
    if (pictures.empty()) {
      return absl::OkStatus();
    }
    return ClassesOf(pictures).empty() ? AddRetrieval(run, pictures, splits, options, metrics)
                                       : AddClasses(run, pictures, *splits.test, options, metrics);
  }

  std::optional<Question> QuestionOf(const Document& document) const override {
    return stories_ ? std::nullopt : CaptionQuestion(document);
  }

  absl::StatusOr<std::string> PictureVerdict(const Image&, const Document&) const override {
    return "";
  }

  // The caption, where captions are few.
  absl::StatusOr<std::vector<Label>> Labels(const std::vector<Document>& documents) const override {
    std::vector<CaptionedPicture> captions;
    for (const Document& document : documents) {
      if (const std::string* caption = CaptionOf(document)) {
        captions.push_back({*caption, {}});
      }
    }
    Label label{.name = "caption", .classes = ClassesOf(captions), .of_document = {}};
    for (const Document& document : documents) {
      const std::string* caption = CaptionOf(document);
      label.of_document.push_back(caption == nullptr ? -1
                                                     : std::ranges::find(label.classes, *caption) -
                                                           label.classes.begin());
    }
    return label.classes.empty() ? std::vector<Label>() : std::vector{label};
  }

 private:
  std::string path_;
  bool stories_;
};

}  // namespace

std::unique_ptr<const Judge> MakeFileJudge(const DataConfig& config) {
  const std::vector<DataConfig> sets = config.Sets();
  const bool captioned = std::ranges::all_of(sets, [](const DataConfig& set) {
    return HasCaptionedPictures(set.kind) || set.kind == DataKind::kShapes;
  });
  const std::string name =
      config.mixes() ? "a mixture of " + absl::StrJoin(NamesOfSets(config), ", ") : config.path;
  return std::make_unique<FileJudge>(name, !captioned);
}

}  // namespace tessera
