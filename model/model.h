// Batch -> hidden states -> losses. Training, generation and studies all call it.
// B = rows, T = slots a row, M = B T, N = some slots or patches, W = width, J = patches that the
// head draws together, D = numbers a patch.
#pragma once

#include <memory>
#include <vector>

#include "heads/diffusion/backbone_denoiser.h"
#include "model/backbone.h"
#include "model/config.h"
#include "model/embeddings.h"
#include "model/learner.h"
#include "model/objectives/objective.h"
#include "model/patch_embedder.h"
#include "sequence/patch_grid.h"
#include "sequence/vocabulary.h"

namespace tessera {

// What a pass over a batch reads and leaves beside its hidden states.
struct PassOptions {
  // If set, row b of the batch continues row b of the cache, one document a row.
  KvCache* cache = nullptr;
  Trace* trace = nullptr;  // if set, the pass leaves in it what each layer reads
};

class Model : public Learner {
 public:
  Model(const ModelConfig& config, const Vocabulary& vocabulary, std::vector<PatchGrid> grids);

  ModelLoss Loss(const Batch& batch, LossScale scale, at::Generator rng) override;
  LossCounts Counts(const Batch& batch) const override { return CountLosses(batch); }

  // The loss from given hidden states, such as an earlier layer's under FinalNorm. Only for
  // objective head, whose loss reads the states of the batch's own slots.
  ModelLoss LossOf(const Tensor& h_BTW, const Batch& batch, LossScale scale, at::Generator rng);

  // What is learnt of a picture, and how likely the model holds one.
  Objective& objective() const { return *objective_; }

  // Normed hidden states [B, T, W] of a batch. rng draws the input noise that the batch asks for
  // and may be undefined if it asks for none.
  Tensor Hidden(const ModelInput& input, at::Generator rng, const PassOptions& options = {});

  // Fills the cache as Hidden does, and saves what only the hidden states would need.
  void Remember(const ModelInput& input, KvCache* cache);

  Tensor FinalNorm(const Tensor& x_BTW) const { return backbone_->Norm(x_BTW); }

  KvCache MakeCache(int64_t rows, int64_t slots) const;

  Tensor TextLogits(const Tensor& h_NW) const;  // -> [N, vocabulary size]

  // What the image head is conditioned on: the hidden state that predicts a patch, and the row and
  // column where that patch will stand. One row for the J patches of a draw: [..., N / J, J W].
  Tensor Condition(const Tensor& h_NW, const Tensor& row_col_N2) const;

  // Embedded slots [B, T, W], which the first layer reads.
  Tensor Embed(const ModelInput& input, at::Generator rng) const;

  // The matrix [V, W] of TextLogits.
  const Tensor& text_matrix() const { return lm_head_.defined() ? lm_head_ : embed_tokens_; }

  const ModelConfig& config() const { return config_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const std::vector<PatchGrid>& grids() const { return grids_; }
  int64_t patch_dim() const { return PatchDim(config_.patch); }
  int64_t joint_dim() const { return config_.arrangement.joint_patches() * patch_dim(); }
  const PatchEmbedder& patch_embedder() const { return *patch_embedder_; }
  const Backbone& backbone() const { return *backbone_; }

  // The image head draws [N / J, J D]. Throws under objectives whose backbone denoises.
  ImageHead& image_head() const;
  // The image side of those objectives. Throws under all others.
  BackboneDenoiser& denoiser() const;

  torch::Device device() const override { return embed_tokens_.device(); }

  // The autoencoder whose codes the model reads or writes, and leaves as it is; null if it does
  // neither.
  const std::shared_ptr<PatchAutoencoder>& autoencoder() const { return autoencoder_; }

 private:
  void MakeImageSide();
  AttentionInput AttentionOf(const ModelInput& input, torch::Dtype dtype,
                             const PassOptions& options) const;
  Tensor TextLoss(const Tensor& h_MW, const Batch& batch, ModelLoss* loss) const;
  ModelLoss Weighted(ImageLoss image, const Batch& batch, LossScale scale) const;

  ModelConfig config_;
  Vocabulary vocabulary_;
  std::vector<PatchGrid> grids_;
  Tensor embed_tokens_;  // [V, W]; the row of Vocabulary::patch() is the vector of the modality
  Tensor hidden_patch_;  // [W]: stands for a patch that the model must not see
  Tensor lm_head_;       // [V, W], or undefined when tied
  std::shared_ptr<Backbone> backbone_;
  std::shared_ptr<PatchEmbedder> patch_embedder_;
  std::shared_ptr<RowColEmbedding> row_col_, next_row_col_;
  std::shared_ptr<NoiseEmbedding> noise_;
  std::shared_ptr<NoiseEmbedding> level_;  // of query patches
  std::shared_ptr<ImageHead> head_;        // one of these two is null
  std::shared_ptr<BackboneDenoiser> denoiser_;
  std::shared_ptr<PatchAutoencoder> autoencoder_;
  std::unique_ptr<Objective> objective_;
};

}  // namespace tessera
