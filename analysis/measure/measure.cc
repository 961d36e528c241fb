#include "analysis/measure/measure.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/measure/classifier.h"
#include "analysis/measure/evaluate.h"
#include "analysis/measure/flops.h"
#include "analysis/measure/reconstructions.h"
#include "analysis/measure/retrieval.h"
#include "analysis/measure/scenes.h"
#include "config/status.h"

namespace tessera {
namespace {

constexpr int64_t kMostPictures =
    4000;  // of a split: to find classes and a gallery in, and to judge the judge on

using Data = std::shared_ptr<const Dataset>;

struct Splits {
  Data training;
  Data test;
};

absl::Status AddLosses(const Run& run, const Data& training, const Data& test,
                       const EvaluateOptions& options, Metrics* metrics) {
  if (test->size() > 0) {
    ASSIGN_OR_RETURN(const HeldOutLoss loss, EvaluateLoss(run, test, options));
    metrics->insert(metrics->end(), {{"text_nats", loss.text},
                                     {"text_perplexity", std::exp(loss.text)},
                                     {"image_loss", loss.image}});
    for (size_t i = 0; i < loss.image_by_level.size(); ++i) {
      metrics->emplace_back(absl::StrFormat("clean_error_at_%.2f", (i + 0.5) / 10),
                            loss.image_by_level[i]);
    }
    HeldOutLikelihood likelihood{.bits = NAN};
    if (run.config.generates_images()) {
      ASSIGN_OR_RETURN(likelihood, EvaluateLikelihood(run, test, options));
    }
    if (std::isfinite(likelihood.bits)) {
      metrics->emplace_back("bits_per_subpixel_" + std::string(EnumName(likelihood.kind)),
                            likelihood.bits);
      metrics->emplace_back("bits_per_subpixel_error", likelihood.error);
    }
  }
  ASSIGN_OR_RETURN(const HeldOutLoss loss, EvaluateLoss(run, training, options));
  metrics->emplace_back("training_text_nats", loss.text);
  metrics->emplace_back("training_image_loss", loss.image);
  return absl::OkStatus();
}

absl::Status AddDrawnScenes(const Run& run, const Dataset& dataset, const std::string& prefix,
                            const EvaluateOptions& options, Metrics* metrics) {
  ASSIGN_OR_RETURN(const SceneScores scores, EvaluateScenes(run, dataset, options));
  const SceneScore& all = scores.all;
  metrics->insert(metrics->end(), {{prefix + "scene_accuracy", all.scene},
                                   {prefix + "shape_accuracy", all.shape},
                                   {prefix + "colour_accuracy", all.colour},
                                   {prefix + "size_accuracy", all.size},
                                   {prefix + "template_distance", all.distance},
                                   {prefix + "seconds_per_picture", scores.seconds_per_picture}});
  if (run.config.data.shapes.variant == ShapesVariant::kStories) {
    for (size_t turn = 0; turn < scores.by_turn.size(); ++turn) {
      metrics->emplace_back(absl::StrCat(prefix, "scene_accuracy_turn_", turn + 1),
                            scores.by_turn[turn].scene);
    }
    ASSIGN_OR_RETURN(const StoryScore story, EvaluateStories(run, dataset, options));
    metrics->insert(metrics->end(), {{prefix + "story_pictures", story.pictures},
                                     {prefix + "story_accuracy", story.right}});
  }
  return absl::OkStatus();
}

absl::StatusOr<double> EvaluateTexts(const Run& run, const Dataset& dataset,
                                     const EvaluateOptions& options) {
  switch (run.config.data.shapes.variant) {
    case ShapesVariant::kCaptions:
      return EvaluateCaptions(run, dataset, options);
    case ShapesVariant::kStories:
      return EvaluateInstructions(run, dataset, options);
    case ShapesVariant::kDifferences:
      return EvaluateDifferences(run, dataset, options);
  }
  return absl::InternalError("unknown shapes.variant");
}

absl::Status AddScenes(const Run& run, const Dataset& dataset, const std::string& prefix,
                       const EvaluateOptions& options, Metrics* metrics) {
  const ShapesVariant variant = run.config.data.shapes.variant;
  if (variant != ShapesVariant::kDifferences && run.config.generates_images()) {
    RETURN_IF_ERROR(AddDrawnScenes(run, dataset, prefix, options, metrics));
  }
  ASSIGN_OR_RETURN(const double texts, EvaluateTexts(run, dataset, options));
  const char* told = variant == ShapesVariant::kCaptions  ? "caption"
                     : variant == ShapesVariant::kStories ? "instruction"
                                                          : "difference";
  metrics->emplace_back(absl::StrCat(prefix, told, "_accuracy"), texts);
  return absl::OkStatus();
}

// Nothing if none of its documents is a captioned picture.
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
                          const Splits& data, const EvaluateOptions& options, Metrics* metrics) {
  const RetrievalScore score =
      run.config.generates_images() ? EvaluateRetrieval(run, training, options) : RetrievalScore();
  if (score.gallery > 0) {
    metrics->insert(metrics->end(), {{"training_retrieval", score.retrieved},
                                     {"training_retrieval_gallery", score.gallery},
                                     {"seconds_per_picture", score.seconds_per_picture}});
  }
  RETURN_IF_ERROR(AddCaptions(run, "training_captions_exact", *data.training, options, metrics));
  return AddCaptions(run, "caption_accuracy", *data.test, options, metrics);
}

absl::StatusOr<Metrics> MeasureModel(const Run& run, const Data& training, const Data& test,
                                     const std::shared_ptr<const Files>& files,
                                     const EvaluateOptions& options) {
  Metrics metrics = {{"count", options.count}};
  RETURN_IF_ERROR(AddLosses(run, training, test, options, &metrics));
  RETURN_IF_ERROR(AddCost(run, training, *test, options, &metrics));
  if (run.config.data.kind == DataKind::kShapes) {
    ASSIGN_OR_RETURN(const Data held_out, OpenDataset(run.config, Split::kHeldOut, files));
    RETURN_IF_ERROR(AddScenes(run, *test, "", options, &metrics));
    RETURN_IF_ERROR(AddScenes(run, *held_out, "held_out_", options, &metrics));
    return metrics;
  }
  ASSIGN_OR_RETURN(const auto pictures, CaptionedPictures(*training, kMostPictures));
  if (pictures.empty()) {
    return metrics;  // pictures alone, or texts alone: the losses are all that there is
  }
  RETURN_IF_ERROR(ClassesOf(pictures).empty()
                      ? AddRetrieval(run, pictures, {training, test}, options, &metrics)
                      : AddClasses(run, pictures, *test, options, &metrics));
  return metrics;
}

}  // namespace

absl::StatusOr<Metrics> Measure(const Run& run, const std::shared_ptr<const Files>& files,
                                const EvaluateOptions& options) {
  ASSIGN_OR_RETURN(const Data training, OpenDataset(run.config, Split::kTrain, files));
  ASSIGN_OR_RETURN(const Data test, OpenDataset(run.config, Split::kTest, files));
  Metrics metrics;
  if (run.model != nullptr) {
    ASSIGN_OR_RETURN(metrics, MeasureModel(run, training, test, files, options));
  }
  if (run.autoencoder != nullptr) {
    ASSIGN_OR_RETURN(const Metrics codes,
                     MeasureReconstructions(run, test->size() > 0 ? *test : *training, options));
    metrics.insert(metrics.end(), codes.begin(), codes.end());
  }
  return metrics;
}

}  // namespace tessera
