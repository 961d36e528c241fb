#include "analysis/measure/scenes.h"

#include <algorithm>

#include "analysis/measure/captioned.h"
#include "config/status.h"
#include "data/shapes/instruction.h"
#include "data/shapes/scene_check.h"

namespace tessera {
namespace {

// A picture to draw.
struct Turn {
  Document prompt;  // all that stands before it
  SceneDescription described;
  size_t index = 0;  // in its document
};

absl::StatusOr<std::vector<Turn>> Turns(const Dataset& dataset, int64_t count) {
  std::vector<Turn> turns;
  for (int64_t i = 0; std::ssize(turns) < count; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i % dataset.size()));
    ASSIGN_OR_RETURN(const std::vector<SceneDescription> described, DescribedScenes(document));
    for (size_t k = 0; k < described.size() && std::ssize(turns) < count; ++k) {
      const auto begin = document.segments.begin();
      turns.push_back({{{begin, begin + 2 * static_cast<int64_t>(k) + 1}}, described[k], k});
    }
  }
  return turns;
}

// Sums until Finish.
struct Tally {
  SceneScore score;
  double objects = 0;

  void Add(const SceneReading& reading) {
    for (const ObjectReading& object : reading.objects) {
      score.shape += object.shape;
      score.colour += object.colour;
      score.size += object.size;
      ++objects;
    }
    score.scene += reading.right();
    score.distance += reading.distance;
    ++score.count;
  }

  SceneScore Finish() const {
    SceneScore mean = score;
    for (double* sum : {&mean.shape, &mean.colour, &mean.size}) {
      *sum /= objects;
    }
    for (double* sum : {&mean.scene, &mean.distance}) {
      *sum /= static_cast<double>(score.count);
    }
    return mean;
  }
};

// The first segments of the first documents, `length` of them from segment `first` on.
absl::StatusOr<std::vector<Document>> Prompts(const Dataset& dataset, int64_t count, int64_t first,
                                              int64_t length) {
  std::vector<Document> prompts;
  for (int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i % dataset.size()));
    const auto begin = document.segments.begin() + first;
    prompts.push_back({{begin, begin + length}});
  }
  return prompts;
}

// The share of the documents' last texts for which is_right(text, caption of the true document).
template <class IsRight>
absl::StatusOr<double> ShareRight(const std::vector<Document>& written, const Dataset& dataset,
                                  const IsRight& is_right) {
  double right = 0;
  for (int64_t i = 0; i < std::ssize(written); ++i) {
    ASSIGN_OR_RETURN(const Document truth, dataset.Get(i % dataset.size()));
    ASSIGN_OR_RETURN(const auto described, ParseCaption(*AsText(truth.segments.at(0))));
    const std::string* text = AsText(written[i].segments.back());
    right += text != nullptr && is_right(*text, described);
  }
  return right / static_cast<double>(written.size());
}

}  // namespace

absl::StatusOr<std::vector<SceneDescription>> DescribedScenes(const Document& document) {
  std::vector<SceneDescription> scenes;
  for (const Segment& segment : document.segments) {
    if (const std::string* text = AsText(segment)) {
      ASSIGN_OR_RETURN(const SceneDescription scene, scenes.empty()
                                                         ? ParseCaption(*text)
                                                         : ApplyInstruction(scenes.back(), *text));
      scenes.push_back(scene);
    }
  }
  return scenes;
}

absl::StatusOr<SceneScores> EvaluateScenes(const Run& run, const Dataset& dataset,
                                           const EvaluateOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Turn> turns, Turns(dataset, options.count));
  std::vector<Document> prompts;
  for (const Turn& turn : turns) {
    prompts.push_back(turn.prompt);
  }
  const Drawn drawn = Draw(run, prompts, options);
  const SceneChecker checker(run.layout.grids[0].rows * run.layout.patch);
  Tally all;
  std::vector<Tally> by_turn;
  for (size_t i = 0; i < turns.size(); ++i) {
    ASSIGN_OR_RETURN(const SceneReading reading,
                     checker.CheckScene(drawn.images[i], turns[i].described));
    by_turn.resize(std::max(by_turn.size(), turns[i].index + 1));
    by_turn[turns[i].index].Add(reading);
    all.Add(reading);
  }
  SceneScores scores;
  scores.all = all.Finish();
  std::ranges::transform(by_turn, std::back_inserter(scores.by_turn), &Tally::Finish);
  scores.seconds_per_picture = drawn.seconds / static_cast<double>(turns.size());
  return scores;
}

absl::StatusOr<double> EvaluateCaptions(const Run& run, const Dataset& dataset,
                                        const EvaluateOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Document> pictures, Prompts(dataset, options.count, 1, 1));
  return ShareRight(ContinueAll(run, pictures, Until::kText, options), dataset,
                    [](const std::string& text, const SceneDescription& described) {
                      const auto written = ParseCaption(text);
                      return written.ok() && SameScene(*written, described);
                    });
}

absl::StatusOr<double> EvaluateInstructions(const Run& run, const Dataset& dataset,
                                            const EvaluateOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Document> openings, Prompts(dataset, options.count, 0, 2));
  return ShareRight(ContinueAll(run, openings, Until::kText, options), dataset,
                    [](const std::string& text, const SceneDescription& described) {
                      return ApplyInstruction(described, text).ok();
                    });
}

absl::StatusOr<StoryScore> EvaluateStories(const Run& run, const Dataset& dataset,
                                           const EvaluateOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Document> captions,
                   Prompts(dataset, (options.count + 2) / 3, 0, 1));
  const SceneChecker checker(run.layout.grids[0].rows * run.layout.patch);
  double pictures = 0, right = 0;
  for (const Document& story : ContinueAll(run, captions, Until::kEnd, options)) {
    for (const PictureInPlace& shown : PicturesInPlace(story)) {
      ++pictures;
      if (const auto described = DescribedScenes(shown.up_to); described.ok()) {
        ASSIGN_OR_RETURN(const SceneReading reading,
                         checker.CheckScene(shown.picture, described->back()));
        right += reading.right();
      }
    }
  }
  return StoryScore{pictures / static_cast<double>(captions.size()), right / pictures};
}

absl::StatusOr<double> EvaluateDifferences(const Run& run, const Dataset& dataset,
                                           const EvaluateOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Document> pairs, Prompts(dataset, options.count, 0, 2));
  const std::vector<Document> written = ContinueAll(run, pairs, Until::kText, options);
  double right = 0;
  for (int64_t i = 0; i < std::ssize(written); ++i) {
    ASSIGN_OR_RETURN(const Document truth, dataset.Get(i % dataset.size()));
    right += written[i].segments.back() == truth.segments.back();
  }
  return right / static_cast<double>(written.size());
}

}  // namespace tessera
