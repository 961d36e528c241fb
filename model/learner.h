// The seam of training: what a step needs of whatever it trains, beside its parameters.
#pragma once

#include <memory>

#include "heads/codes/patch_autoencoder.h"
#include "heads/image_head.h"
#include "ops/parameter_role.h"
#include "sequence/batch.h"

namespace tessera {

// What a loss is divided by, and its weight: text += weight_i * nats_i * text, image likewise. With
// gradient accumulation or several ranks the counts are those of the whole step.
struct LossScale {
  double text = 0;
  double image = 0;
};

// How much of each loss a batch holds: the sum of text weights, the number of scored patches.
struct LossCounts {
  double text = 0;
  double image = 0;
};
LossCounts CountLosses(const Batch& batch);

// The losses of a batch by the set of a mixture that each document is of, as double, [sums, counts]
// of each set; undefined where there is no mixture. Counts add up to LossCounts.
struct LossesBySet {
  Tensor text_2S;
  Tensor image_2S;
};

struct ModelLoss {
  Tensor total;      // differentiable: scale.text * text_sum + scale.image * image_sum
  Tensor text_sum;   // detached: nats, weighted as the batch says
  Tensor image_sum;  // detached: the head's loss, summed over scored patches
  HeadLoss image;    // details, one row a scored patch; undefined where there is none
  Tensor turn_N;     // the scored patches' turn in their picture
  LossesBySet by_set;
  Tensor text_h_NW;   // the hidden states that each loss reads, differentiable; undefined where
  Tensor image_h_NW;  // there is none; those of query patches are of all noise draws
};

// Sums of values and of their weights by set, [2, S].
Tensor SumBySet(const Tensor& set_N, const Tensor& value_N, const Tensor& weight_N);

// Sums of the losses of these patches of the batch, each counted so often that together they count
// as all scored patches of the batch.
Tensor ImageLossBySet(const Batch& batch, const Tensor& patch_N, const Tensor& loss_N);

class Learner : public ModuleWithRoles {
 public:
  virtual ModelLoss Loss(const Batch& batch, LossScale scale, at::Generator rng) = 0;
  // Follows the backward passes of all batches of a step.
  virtual void EndStep(at::Generator, const AllRows&) {}

  virtual LossCounts Counts(const Batch& batch) const = 0;  // of the losses that it has
  virtual torch::Device device() const = 0;
};

// Learns the scored patches of a batch alone.
std::shared_ptr<Learner> MakeAutoencoderLearner(std::shared_ptr<PatchAutoencoder> autoencoder);

}  // namespace tessera
