// How well a run predicts documents: the losses of training, without what training does to them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/measure/continue.h"
#include "analysis/measure/judge.h"

namespace tessera {

struct HeldOutLoss {
  double text = 0;                     // nats a token, perplexity exp(text)
  double image = 0;                    // the head's loss
  std::vector<double> image_by_level;  // mean squared error of ten noise levels, noise first; empty
                                       // of a head without noise levels
  std::vector<double> text_by_set, image_by_set;  // of each set of a mixture
};

// Over about options.count documents, picked by options.seed. NaN where the documents hold none,
// infinite where the parameters are broken.
absl::StatusOr<HeldOutLoss> EvaluateLoss(const Run& run, std::shared_ptr<const Dataset> dataset,
                                         const EvaluateOptions& options);

struct HeldOutLikelihood {
  LikelihoodKind kind = LikelihoodKind::kExact;
  double bits = 0;   // of a subpixel of the 8-bit pictures; NaN where there is none
  double error = 0;  // standard error of the mean over patches
};

// Fits the decoder that the head's bound needs to at most 32 patches, drawn by chance, of each of
// the first batches of the training split; none of a head that needs none, or if there is no
// picture.
absl::StatusOr<std::optional<BinDecoder>> FitDecoder(const Run& run,
                                                     std::shared_ptr<const Dataset> training,
                                                     EvaluateOptions options);

// Measures at most 32 patches, drawn by chance, of each batch of those documents of the test split.
// A head that needs a decoder has it fitted to the training split.
absl::StatusOr<HeldOutLikelihood> EvaluateLikelihood(const Run& run, const Splits& splits,
                                                     const EvaluateOptions& options);

// Measures such patches along the flow of a head that denoises, with a backward pass for every
// number of a patch.
absl::StatusOr<HeldOutLikelihood> EvaluateAlongFlow(const Run& run,
                                                    std::shared_ptr<const Dataset> test,
                                                    const EvaluateOptions& options);

}  // namespace tessera
