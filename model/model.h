// Batch -> hidden states -> losses. The one thing that training, generation and studies call.
#pragma once

#include <memory>
#include <vector>

#include "heads/diffusion/backbone_denoiser.h"
#include "model/backbone.h"
#include "model/config.h"
#include "model/embeddings.h"
#include "model/learner.h"
#include "model/patch_embedder.h"
#include "sequence/patch_grid.h"
#include "sequence/vocabulary.h"

namespace tessera {

class Model : public Learner {
 public:
  Model(const ModelConfig& config, const Vocabulary& vocabulary, std::vector<PatchGrid> grids);

  ModelLoss Loss(const Batch& batch, LossScale scale, at::Generator rng) override;
  LossCounts Counts(const Batch& batch) const override { return CountLosses(batch); }

  // The same from given hidden states, such as an earlier layer's under FinalNorm. Of objective
  // head, whose loss reads the states of the batch's own slots.
  ModelLoss LossOf(const Tensor& h_BTW, const Batch& batch, LossScale scale, at::Generator rng);

  // Whether the likelihood of a patch is known, given all that is drawn before it.
  bool MeasuresPatches() const { return !config_.arrangement.backbone_denoises(); }

  // Of the scored patches, each given all that is drawn before it, without input noise. At most
  // `most` of them, by chance; of those that the head draws together, all or none and one number.
  // Of objective masked: given the earlier ones of `rounds` rounds in an order by chance, which is
  // a bound on what a picture costs in all orders (Jensen).
  struct Measuring {
    int64_t most;
    int64_t rounds = 1;
  };
  Likelihood MeasurePatches(const Batch& batch, const Measuring& measuring, at::Generator rng);

  // Normed hidden states [B, T, W] of a batch. rng draws the input noise that the batch asks for
  // (may be undefined if it asks for none). With a cache, row b of the batch is row b of the cache,
  // one document a row, and `cached` says how many slots of the cache are in use, these included.
  Tensor Hidden(const Batch& batch, at::Generator rng, KvCache* cache = nullptr, int64_t cached = 0,
                Trace* trace = nullptr);

  // Fills the cache as Hidden does, and saves what only the hidden states would need.
  void Remember(const Batch& batch, KvCache* cache, int64_t cached);

  Tensor FinalNorm(const Tensor& x_BTW) const { return backbone_->Norm(x_BTW); }

  KvCache MakeCache(int64_t rows, int64_t slots) const;

  Tensor TextLogits(const Tensor& h_NW) const;  // -> [N, vocabulary size]

  // What the image head is told: the hidden state that predicts a patch, and where that patch
  // will stand. A row for the J patches that it draws together: [..., N / J, J W].
  Tensor Condition(const Tensor& h_NW, const Tensor& row_col_N2) const;

  // One row a condition, [N / J, J D].
  Tensor SamplePatches(const Conditions& conditions, const SamplerConfig& sampler,
                       std::vector<at::Generator>& rngs) {
    return head_->Sample(conditions, sampler, rngs);
  }

  // Embedded slots [B, T, W], what the first layer reads.
  Tensor Embed(const Batch& batch, at::Generator rng) const;

  const ModelConfig& config() const { return config_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const std::vector<PatchGrid>& grids() const { return grids_; }
  int64_t patch_dim() const { return PatchDim(config_.patch); }
  int64_t joint_dim() const { return config_.arrangement.joint_patches() * patch_dim(); }
  const PatchEmbedder& patch_embedder() const { return *patch_embedder_; }
  ImageHead& image_head() const { return *head_; }  // of objectives whose backbone does not denoise
  BackboneDenoiser& denoiser() const { return *denoiser_; }  // of the others
  torch::Device device() const override { return embed_tokens_.device(); }

  // Whose codes it reads or writes, and leaves as they are; null if it does neither.
  const std::shared_ptr<PatchAutoencoder>& autoencoder() const { return autoencoder_; }

 private:
  Slots SlotsOf(const Batch& batch, torch::Dtype dtype, KvCache* cache, int64_t cached) const;
  Tensor TextLoss(const Tensor& h_MW, const Batch& batch, Tensor* h_NW) const;

  void AddHeadLoss(const Tensor& h_MW, const Batch& batch, at::Generator rng, ModelLoss* loss);
  ModelLoss WithText(const Tensor& h_MW, const Batch& batch, LossScale scale, ModelLoss loss) const;

  // Write what is of the image loss into *loss and return the states of the batch's slots, [M, W].
  Tensor CleaningLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss);
  Tensor MaskedLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss);
  Tensor StatesInRounds(const Batch& batch, int64_t rounds, at::Generator rng);
  Tensor ImageLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss);

  ModelConfig config_;
  Vocabulary vocabulary_;
  std::vector<PatchGrid> grids_;
  Tensor embed_tokens_;  // [V, W]; the row of Vocabulary::patch() is the vector of the modality
  Tensor hidden_patch_;  // [W]: stands for a patch that the model must not see
  Tensor lm_head_;       // [V, W], or undefined when tied
  std::shared_ptr<Backbone> backbone_;
  std::shared_ptr<PatchEmbedder> patch_embedder_;
  std::shared_ptr<RowColEmbedding> place_, next_place_;
  std::shared_ptr<NoiseEmbedding> noise_;
  std::shared_ptr<NoiseEmbedding> level_;  // of drafts
  std::shared_ptr<ImageHead> head_;
  std::shared_ptr<BackboneDenoiser> denoiser_;
  std::shared_ptr<PatchAutoencoder> autoencoder_;
};

}  // namespace tessera
