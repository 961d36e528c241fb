// Batch -> hidden states -> losses. The one thing that training, generation and studies call.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "data/batch.h"
#include "data/vocabulary.h"
#include "heads/image_head.h"
#include "heads/patch_autoencoder.h"
#include "heads/readout.h"
#include "model/backbone.h"
#include "model/config.h"
#include "model/embeddings.h"
#include "model/patch_embedder.h"

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

struct ModelLoss {
  Tensor total;          // differentiable: scale.text * text_sum + scale.image * image_sum
  Tensor text_sum;       // detached: nats, weighted as the batch says
  Tensor image_sum;      // detached: the head's loss, summed over scored patches
  HeadLoss image;        // details, one row a scored patch; undefined where there is none
  Tensor patch_index_N;  // the scored patches' turn in their picture
  Tensor text_h_NW;      // the hidden states that each loss reads, differentiable; undefined where
  Tensor image_h_NW;     // there is none; of drafts: those of all noise draws
};

// A run that trains an autoencoder has a model of that alone: config.autoencoder.trained(). It has
// a Loss and nothing else below it.
class Model : public torch::nn::Module {
 public:
  Model(const ModelConfig& config, const Vocabulary& vocabulary, std::vector<PatchGrid> grids);

  ModelLoss Loss(const Batch& batch, LossScale scale, at::Generator rng);

  // The same from given hidden states, such as an earlier layer's under FinalNorm. Of objective
  // head, whose loss reads the states of the batch's own slots.
  ModelLoss LossOf(const Tensor& h_BTW, const Batch& batch, LossScale scale, at::Generator rng);

  LossCounts Counts(const Batch& batch) const;  // of those losses that the model has

  // Whether the likelihood of a patch is known, given all that stands before it.
  bool MeasuresPatches() const { return config_.arrangement.objective == Objective::kHead; }

  // Of the scored patches, each given all that stands before it, without input noise. At most
  // `most` of them, evenly spread.
  Likelihood MeasurePatches(const Batch& batch, int64_t most, at::Generator rng);

  // Normed hidden states [B, T, W] of a batch. rng draws the input noise that the batch asks for
  // (may be undefined if it asks for none). With a cache, row b of the batch is row b of the cache,
  // one document a row, and `cached` says how many slots of the cache are in use, these included.
  Tensor Hidden(const Batch& batch, at::Generator rng, KvCache* cache = nullptr, int64_t cached = 0,
                Trace* trace = nullptr);

  Tensor FinalNorm(const Tensor& x_BTW) const { return backbone_->Norm(x_BTW); }

  KvCache MakeCache(int64_t rows, int64_t slots) const;

  Tensor TextLogits(const Tensor& h_NW) const;  // -> [N, vocabulary size]

  // What the image head is told: the hidden state that predicts a patch, and where that patch
  // will stand.
  Tensor Condition(const Tensor& h_NW, const Tensor& place_N2) const;

  Tensor SamplePatches(const Conditions& conditions, const SamplerConfig& sampler,
                       std::vector<at::Generator>& rngs) {
    return head_->Sample(conditions, sampler, rngs);
  }

  // Embedded slots [B, T, W], what the first layer reads.
  Tensor Embed(const Batch& batch, at::Generator rng) const;

  const ModelConfig& config() const { return config_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const std::vector<PatchGrid>& grids() const { return grids_; }
  int64_t patch_dim() const { return 3 * config_.patch * config_.patch; }
  const PatchEmbedder& patch_embedder() const { return *patch_embedder_; }
  ImageHead& image_head() const { return *head_; }  // of objectives whose backbone does not denoise
  Readout& readout() const { return *readout_; }    // of the others
  PatchAutoencoder* autoencoder() const { return autoencoder_.get(); }  // null if there is none
  torch::Device device() const { return first_.device(); }

 private:
  void MakeParts();
  ModelLoss AutoencoderLoss(const Batch& batch, LossScale scale, at::Generator rng);
  Tensor TextLoss(const Tensor& h_MW, const Batch& batch, Tensor* h_NW) const;

  void AddHeadLoss(const Tensor& h_MW, const Batch& batch, at::Generator rng, ModelLoss* loss);
  ModelLoss WithText(const Tensor& h_MW, const Batch& batch, LossScale scale, ModelLoss loss) const;

  // Write what is of the image loss into *loss and return the states of the batch's slots, [M, W].
  Tensor CleaningLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss);
  Tensor MaskedLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss);
  Tensor ImageLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss);

  ModelConfig config_;
  Vocabulary vocabulary_;
  std::vector<PatchGrid> grids_;
  Tensor embed_tokens_;  // [V, W]; the row of Vocabulary::patch() is the vector of the modality
  Tensor hidden_patch_;  // [W]: stands for a patch that the model must not see
  Tensor lm_head_;       // [V, W], or undefined when tied
  std::shared_ptr<Backbone> backbone_;
  std::shared_ptr<PatchEmbedder> patch_embedder_;
  std::shared_ptr<PlaceEmbedding> place_, next_place_;
  std::shared_ptr<NoiseEmbedding> noise_;
  std::shared_ptr<NoiseEmbedding> level_;  // of drafts
  std::shared_ptr<ImageHead> head_;
  std::shared_ptr<Readout> readout_;
  std::shared_ptr<PatchAutoencoder> autoencoder_;
  Tensor first_;  // of the parameters
};

}  // namespace tessera
