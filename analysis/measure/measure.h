// All that is measured of a run, as names and numbers: what `tessera eval` prints.
#pragma once

#include "absl/status/statusor.h"
#include "analysis/measure/continue.h"
#include "analysis/report/run_log.h"

namespace tessera {

// What is measured depends on the data set:
//   any       count, of documents and pictures; text_nats, text_perplexity, image_loss,
//   clean_error_at_<level> of heads that know noise levels, bits_per_subpixel_exact, _bound or
//   _estimate (heads/image_head.h) and its standard error, of the test split, and
//             training_text_nats, training_image_loss of the training split;
//             parameters, training_step_gflop, picture_gflop (study/flops.h)
//   shapes    scene_accuracy and its parts, caption_accuracy; the same, held_out_..., of
//   combinations
//             that are never trained; of stories, by turn, and instruction_accuracy instead; of
//             differences difference_accuracy alone
//   classes   captions are few: class_recognised of drawn pictures, and what the judge is worth
//   others    training_retrieval, training_captions_exact: of pictures that it was trained on
// Of a run that does not learn to draw (train.image_weight = 0) nothing is drawn and no bits are
// measured. Of an autoencoder analysis/measure/reconstructions.h in place of all these, of a model
// on its codes also.
absl::StatusOr<Metrics> Measure(const Run& run, const std::shared_ptr<const Files>& files,
                                const EvaluateOptions& options);

}  // namespace tessera
