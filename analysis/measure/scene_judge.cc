// Judges of drawn scenes: one picture and its caption, stories, and differences of two pictures.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/measure/captioned.h"
#include "analysis/measure/judge.h"
#include "analysis/measure/scenes.h"
#include "config/enum_names.h"
#include "config/status.h"
#include "data/shapes/scene_check.h"

namespace tessera {
namespace {

std::string Verdict(const SceneReading& reading) {
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

template <class Enum>
Label LabelOfObjects(const std::string& name, const std::vector<SceneDescription>& scenes,
                     Enum Object::*attribute) {
  Label label{.name = name, .classes = {}, .of_document = {}};
  for (const char* word : EnumNames(Enum{})) {
    label.classes.emplace_back(word);
  }
  for (const SceneDescription& scene : scenes) {
    label.of_document.push_back(
        scene.objects.size() == 1 ? static_cast<int64_t>(scene.objects.front().*attribute) : -1);
  }
  return label;
}

absl::StatusOr<SceneScores> AddDrawnScenes(const Run& run, const Dataset& dataset,
                                           const std::string& prefix,
                                           const EvaluateOptions& options, Metrics* metrics) {
  ASSIGN_OR_RETURN(SceneScores scores, EvaluateScenes(run, dataset, options));
  const SceneScore& all = scores.all;
  metrics->insert(metrics->end(), {{prefix + "scene_accuracy", all.scene},
                                   {prefix + "shape_accuracy", all.shape},
                                   {prefix + "colour_accuracy", all.colour},
                                   {prefix + "size_accuracy", all.size},
                                   {prefix + "template_distance", all.distance},
                                   {prefix + "seconds_per_picture", scores.seconds_per_picture}});
  return scores;
}

class SceneJudge : public Judge {
 public:
  explicit SceneJudge(ShapesVariant variant) : variant_(variant) {}

  std::string DataName() const override { return "drawn " + std::string(EnumName(variant_)); }
  bool HoldsOut() const override { return true; }
  bool TellsStories() const override { return false; }

  absl::Status AddMetrics(const Run& run, const Splits& splits, const EvaluateOptions& options,
                          Metrics* metrics) const override {
    RETURN_IF_ERROR(AddOfSplit(run, *splits.test, "", options, metrics));
    return AddOfSplit(run, *splits.held_out, "held_out_", options, metrics);
  }

  std::optional<Question> QuestionOf(const Document&) const override { return std::nullopt; }

  absl::StatusOr<std::string> PictureVerdict(const Image& image,
                                             const Document& before) const override {
    const auto described = DescribedScenes(before);
    if (!described.ok() || described->empty()) {
      return "the text makes no sense here";
    }
    ASSIGN_OR_RETURN(const SceneReading reading,
                     SceneChecker(image.height).CheckScene(image, described->back()));
    return Verdict(reading);
  }

  // How many objects there are, and of pictures of one object its shape, colour, size and place.
  absl::StatusOr<std::vector<Label>> Labels(const std::vector<Document>& documents) const override {
    std::vector<SceneDescription> scenes;
    Label objects{.name = "objects", .classes = {"one", "two"}, .of_document = {}};
    for (const Document& document : documents) {
      ASSIGN_OR_RETURN(scenes.emplace_back(), ParseCaption(*AsText(document.segments.front())));
      objects.of_document.push_back(std::ssize(scenes.back().objects) - 1);
    }
    return std::vector<Label>{objects, LabelOfObjects("shape", scenes, &Object::shape),
                              LabelOfObjects("colour", scenes, &Object::colour),
                              LabelOfObjects("size", scenes, &Object::size),
                              LabelOfObjects("place", scenes, &Object::place)};
  }

 protected:
  // The measures of one split, their names behind the prefix.
  virtual absl::Status AddOfSplit(const Run& run, const Dataset& dataset, const std::string& prefix,
                                  const EvaluateOptions& options, Metrics* metrics) const = 0;

 private:
  ShapesVariant variant_;
};

class CaptionJudge : public SceneJudge {
 public:
  using SceneJudge::SceneJudge;

  std::optional<Question> QuestionOf(const Document& document) const override {
    return CaptionQuestion(document);
  }

  // A caption that names the objects in the other order is right too.
  std::string TextVerdict(const std::string& text, const std::string& truth) const override {
    const auto written = ParseCaption(text), described = ParseCaption(truth);
    const bool same_scene = written.ok() && described.ok() && SameScene(*written, *described);
    return same_scene ? "right" : SceneJudge::TextVerdict(text, truth);
  }

 protected:
  absl::Status AddOfSplit(const Run& run, const Dataset& dataset, const std::string& prefix,
                          const EvaluateOptions& options, Metrics* metrics) const override {
    if (run.config.generates_images()) {
      RETURN_IF_ERROR(AddDrawnScenes(run, dataset, prefix, options, metrics).status());
    }
    ASSIGN_OR_RETURN(const double right, EvaluateCaptions(run, dataset, options));
    metrics->emplace_back(prefix + "caption_accuracy", right);
    return absl::OkStatus();
  }
};

class StoryJudge : public SceneJudge {
 public:
  using SceneJudge::SceneJudge;
  bool TellsStories() const override { return true; }

 protected:
  absl::Status AddOfSplit(const Run& run, const Dataset& dataset, const std::string& prefix,
                          const EvaluateOptions& options, Metrics* metrics) const override {
    if (run.config.generates_images()) {
      ASSIGN_OR_RETURN(const SceneScores scores,
                       AddDrawnScenes(run, dataset, prefix, options, metrics));
      for (size_t turn = 0; turn < scores.by_turn.size(); ++turn) {
        metrics->emplace_back(absl::StrCat(prefix, "scene_accuracy_turn_", turn + 1),
                              scores.by_turn[turn].scene);
      }
      ASSIGN_OR_RETURN(const StoryScore story, EvaluateStories(run, dataset, options));
      metrics->insert(metrics->end(), {{prefix + "story_pictures", story.pictures},
                                       {prefix + "story_accuracy", story.right}});
    }
    ASSIGN_OR_RETURN(const double right, EvaluateInstructions(run, dataset, options));
    metrics->emplace_back(prefix + "instruction_accuracy", right);
    return absl::OkStatus();
  }
};

// Two pictures, then what leads from the first to the second. Neither picture has a text of its own
// to be judged against.
class DifferenceJudge : public SceneJudge {
 public:
  using SceneJudge::SceneJudge;

  std::optional<Question> QuestionOf(const Document& document) const override {
    return Question{{{document.segments.at(0), document.segments.at(1)}},
                    *AsText(document.segments.at(2))};
  }
  absl::StatusOr<std::string> PictureVerdict(const Image&, const Document&) const override {
    return "";
  }
  absl::StatusOr<std::vector<Label>> Labels(const std::vector<Document>&) const override {
    return std::vector<Label>();
  }

 protected:
  absl::Status AddOfSplit(const Run& run, const Dataset& dataset, const std::string& prefix,
                          const EvaluateOptions& options, Metrics* metrics) const override {
    ASSIGN_OR_RETURN(const double right, EvaluateDifferences(run, dataset, options));
    metrics->emplace_back(prefix + "difference_accuracy", right);
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<const Judge> MakeSceneJudge(ShapesVariant variant) {
  switch (variant) {
    case ShapesVariant::kCaptions:
      return std::make_unique<CaptionJudge>(variant);
    case ShapesVariant::kStories:
      return std::make_unique<StoryJudge>(variant);
    case ShapesVariant::kDifferences:
      return std::make_unique<DifferenceJudge>(variant);
  }
  TORCH_CHECK(false, "data.shapes.variant ", static_cast<int>(variant));
}

}  // namespace tessera
