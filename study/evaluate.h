// What a trained run can do, measured on documents that it has not seen.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "train/run.h"

namespace tessera {

struct EvaluateOptions {
  int64_t count = 512;  // prompts and pictures
  int64_t batch = 64;   // of them at a time
  uint64_t seed = 0;
  std::function<void(const std::string& what, double share)> on_progress;
};

// Pictures drawn for captions of the drawn data set, read back by its oracle. Shares of 1.
struct SceneScore {
  int64_t count = 0;
  double scene = 0;                        // everything told is right and nothing else is there
  double shape = 0, colour = 0, size = 0;  // of the objects
  double distance = 0;  // mean squared, in [-1, 1], to the nearest drawing of the told scene
  double seconds_per_picture = 0;
};
absl::StatusOr<SceneScore> EvaluateScenes(const Run& run, const Dataset& dataset,
                                          const EvaluateOptions& options);

// Captions written for pictures of the drawn data set, parsed back; the share that tells the scene,
// whichever object is named first.
absl::StatusOr<double> EvaluateCaptions(const Run& run, const Dataset& dataset,
                                        const EvaluateOptions& options);

struct HeldOutLoss {
  double text = 0;                     // nats a token, perplexity exp(text)
  double image = 0;                    // the head's loss
  std::vector<double> image_by_level;  // mean squared error of ten noise levels, noise first
};
absl::StatusOr<HeldOutLoss> EvaluateLoss(const Run& run, std::shared_ptr<const Dataset> dataset,
                                         const EvaluateOptions& options);

}  // namespace tessera
