// What a run knows of the drawn data set: its pictures and texts, judged by the set's own oracle.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "analysis/measure/continue.h"
#include "data/shapes/scene.h"

namespace tessera {

// The scenes that a document of drawn data tells, one a text: a caption, then instructions.
absl::StatusOr<std::vector<SceneDescription>> DescribedScenes(const Document& document);

// Shares of 1.
struct SceneScore {
  int64_t count = 0;
  double scene = 0;  // everything described is right and nothing else is there
  double shape = 0, colour = 0, size = 0;  // of the objects
  double distance = 0;  // mean squared, in [-1, 1], to the nearest drawing of the described scene
};

struct SceneScores {
  SceneScore all;
  std::vector<SceneScore> by_turn;  // of the pictures of a document; a caption has one turn
  double seconds_per_picture = 0;
};

// Draws options.count pictures. Each is drawn for the true document up to the text before it, and
// judged against the scene that this text leads to.
absl::StatusOr<SceneScores> EvaluateScenes(const Run& run, const Dataset& dataset,
                                           const EvaluateOptions& options);

// Captions written for pictures, parsed back; the share that tells the scene, whichever object is
// named first.
absl::StatusOr<double> EvaluateCaptions(const Run& run, const Dataset& dataset,
                                        const EvaluateOptions& options);

// For stories: the share of the texts written behind the first picture that are instructions which
// can be carried out on it.
absl::StatusOr<double> EvaluateInstructions(const Run& run, const Dataset& dataset,
                                            const EvaluateOptions& options);

struct StoryScore {
  double pictures = 0;  // of a story, in the mean
  double right = 0;     // the share of them that shows what the texts up to it tell
};

// Stories continued by the run alone, texts and pictures, each from the caption of a true one:
// about options.count pictures together. Behind a text that makes no sense no picture is right.
absl::StatusOr<StoryScore> EvaluateStories(const Run& run, const Dataset& dataset,
                                           const EvaluateOptions& options);

// For differences: the share of pairs of pictures behind which the instruction that leads from the
// first to the second is written, letter by letter: there is no other
// (tests/data/shapes/shapes_test.cc).
absl::StatusOr<double> EvaluateDifferences(const Run& run, const Dataset& dataset,
                                           const EvaluateOptions& options);

}  // namespace tessera
