// All that is measured of a run, as names and numbers: what `tessera eval` prints.
#pragma once

#include "absl/status/statusor.h"
#include "analysis/measure/continue.h"
#include "analysis/report/run_log.h"

namespace tessera {

// Every model has these measures:
//   count: of documents and of pictures.
//   text_nats, text_perplexity, image_loss: losses of the test split.
//   clean_error_at_<level>: of heads that have noise levels.
//   bits_per_subpixel_exact, _bound or _of_codes (heads/image_head.h), and its standard error;
//   bits_per_subpixel_exact_ode and its own, if it was asked for.
//   training_text_nats, training_image_loss: losses of the training split.
//   parameters, training_step_gflop, picture_gflop (analysis/measure/flops.h).
// The Judge of the data set (analysis/measure/judge.h) adds:
//   Drawn captions: scene_accuracy and its parts, caption_accuracy.
//   Drawn stories: the same parts, scene_accuracy_turn_<n>, story_accuracy, instruction_accuracy.
//   Drawn differences: difference_accuracy.
//   All three once more as held_out_..., on combinations that are never trained.
//   Files whose captions are few: class_recognised for drawn pictures, what the classifier
//   recognises of true ones, caption_accuracy.
//   Other files: training_retrieval and training_captions_exact, on pictures that it was trained
//   on, and caption_accuracy.
// For a run that does not learn to draw (train.image_weight = 0) nothing is drawn and no bits are
// measured. An autoencoder has the measures of analysis/measure/reconstructions.h in place of all
// these; a model on codes has both.
absl::StatusOr<Metrics> Measure(const Run& run, const std::shared_ptr<const Files>& files,
                                const EvaluateOptions& options);

}  // namespace tessera
