#include "model/model.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "ops/attention.h"
#include "ops/first_values.h"
#include "ops/linear.h"

namespace tessera {
namespace {

constexpr double kEmbeddingStd = 0.5;

int64_t MaxOf(const std::vector<PatchGrid>& grids, int64_t PatchGrid::*side) {
  int64_t most = 0;
  for (const PatchGrid& grid : grids) {
    most = std::max(most, grid.*side);
  }
  return most;
}

}  // namespace

Model::Model(const ModelConfig& config, const Vocabulary& vocabulary, std::vector<PatchGrid> grids)
    : config_(config), vocabulary_(vocabulary), grids_(std::move(grids)) {
  const std::string problem = config.Problem();
  TORCH_CHECK(problem.empty(), problem);
  if (config.reads_codes() || config.writes_codes()) {
    autoencoder_ = std::make_shared<PatchAutoencoder>(config.autoencoder, patch_dim());
  }
  const int64_t width = config_.width, ids = vocabulary_.size();
  const int64_t max_rows = MaxOf(grids_, &PatchGrid::rows);
  const int64_t max_cols = MaxOf(grids_, &PatchGrid::cols);
  embed_tokens_ = RegisterParameter("embed_tokens", Gaussian({ids, width}, kEmbeddingStd),
                                    ParameterRole::kEmbedding);
  hidden_patch_ = RegisterParameter("hidden_patch", at::zeros({width}), ParameterRole::kOutput);
  if (!config_.tie_text_head) {
    lm_head_ = RegisterParameter("lm_head", Zeros({ids, width}), ParameterRole::kOutput);
  }
  backbone_ = register_module("model", std::make_shared<Backbone>(config_));
  patch_embedder_ = register_module(
      "patch_embedder",
      MakePatchEmbedder(config_.input, config_.patch, width, autoencoder_, grids_.front().size()));
  row_col_ = register_module("place", std::make_shared<RowColEmbedding>(max_rows, max_cols, width));
  next_row_col_ =
      register_module("next_place", std::make_shared<RowColEmbedding>(max_rows, max_cols, width));
  noise_ = register_module("noise", std::make_shared<NoiseEmbedding>(width));
  MakeImageSide();
  if (autoencoder_ != nullptr) {
    register_module("autoencoder", autoencoder_);
    for (Tensor& parameter : autoencoder_->parameters()) {
      parameter.requires_grad_(false);
    }
  }
}

void Model::MakeImageSide() {
  const Arrangement& arrangement = config_.arrangement;
  if (arrangement.backbone_denoises()) {
    level_ = register_module("level", std::make_shared<NoiseEmbedding>(config_.width));
    denoiser_ = register_module(
        "head", std::make_shared<BackboneDenoiser>(config_.head, config_.width, patch_dim()));
  } else {
    const int64_t condition_dim = arrangement.joint_patches() * config_.width;
    head_ = register_module("head",
                            MakeImageHead(config_.head, condition_dim, joint_dim(), autoencoder_));
  }
  objective_ = MakeObjective(arrangement.objective, *this);
}

ImageHead& Model::image_head() const {
  TORCH_CHECK(head_ != nullptr, "under this objective the backbone denoises, and no head draws");
  return *head_;
}

BackboneDenoiser& Model::denoiser() const {
  TORCH_CHECK(denoiser_ != nullptr, "under this objective the backbone does not denoise");
  return *denoiser_;
}

Tensor Model::Embed(const ModelInput& input, at::Generator rng) const {
  Tensor x_BTW = at::embedding(embed_tokens_, input.id_BT);
  if (embed_tokens_.scalar_type() == torch::kBFloat16) {  // a frozen table may be kept so
    x_BTW = x_BTW.to(hidden_patch_.scalar_type());
  }
  if (input.patches() == 0) {
    return x_BTW;
  }
  // Codes stay those of the clean pixels: a noisy patch would be read as another code.
  const bool noisy = config_.input.kind != InputKind::kCodes;
  const Tensor noise_P = noisy ? input.noise_P : at::zeros_like(input.noise_P);
  Tensor patch_PD = input.patch_PD;
  if (rng.defined() && noisy) {
    const Tensor noise_PD = at::randn(patch_PD.sizes(), rng, patch_PD.options());
    patch_PD = at::addcmul(patch_PD, noise_PD, noise_P.unsqueeze(1));
  }
  Tensor shown_PW = patch_embedder_->Embed(patch_PD) + noise_->Embed(noise_P);
  if (input.level_P.defined()) {
    const Tensor query_P1 = (input.level_P >= 0).unsqueeze(1);
    shown_PW = shown_PW + level_->Embed(input.level_P) * query_P1;
  }
  const Tensor e_PW =
      at::where(input.hidden_P.unsqueeze(1), hidden_patch_.to(shown_PW.dtype()), shown_PW) +
      row_col_->Embed(input.patch_row_col_P2);
  if (input.patches() ==
      input.id_BT.numel()) {  // as where each row draws: then all slots are theirs
    return x_BTW + e_PW.to(x_BTW.dtype()).view_as(x_BTW);
  }
  return x_BTW.flatten(0, 1)
      .index_add(0, input.patch_slot_P, e_PW.to(x_BTW.dtype()))
      .view_as(x_BTW);
}

AttentionInput Model::AttentionOf(const ModelInput& input, torch::Dtype dtype,
                                  const PassOptions& options) const {
  AttentionInput attention;
  attention.rotary = RotaryOf(config_, input.rotary_coordinate_BT2, dtype);
  attention.position_BT = input.position_BT;
  attention.cache = options.cache;
  attention.trace = options.trace;
  if (options.cache != nullptr) {
    attention.visible_to_BT = input.visible_to_BT;
    attention.visible_from_BT = input.visible_from_BT;
  } else if (input.group_BT.defined()) {
    attention.bias_B1TS = GroupedBias(input.document_BT, input.position_BT, input.visible_to_BT,
                                      input.group_BT, dtype);
  } else {
    attention.bias_B1TS = VisibilityBias(input.document_BT, input.position_BT, input.visible_to_BT,
                                         dtype, input.visible_from_BT);
  }
  return attention;
}

Tensor Model::Hidden(const ModelInput& input, at::Generator rng, const PassOptions& options) {
  const Tensor x_BTW = Embed(input, std::move(rng));
  return backbone_->Forward(x_BTW, AttentionOf(input, x_BTW.scalar_type(), options));
}

void Model::Remember(const ModelInput& input, KvCache* cache) {
  const Tensor x_BTW = Embed(input, {});
  backbone_->Remember(x_BTW, AttentionOf(input, x_BTW.scalar_type(), {.cache = cache}));
}

KvCache Model::MakeCache(int64_t rows, int64_t slots) const {
  return KvCache(config_.layers, {rows, slots, config_.kv_heads, config_.head_size()},
                 hidden_patch_.options().requires_grad(false));
}

Tensor Model::TextLogits(const Tensor& h_NW) const { return Linear(h_NW, text_matrix()); }

Tensor Model::Condition(const Tensor& h_NW, const Tensor& row_col_N2) const {
  const Tensor z_NW = h_NW + next_row_col_->Embed(row_col_N2);
  return z_NW.unflatten(-2, {-1, config_.arrangement.joint_patches()}).flatten(-2);
}

// Weighted sum of nats over the slots that have a target. Leaves their states and the sums by set
// in *loss.
Tensor Model::TextLoss(const Tensor& h_MW, const Batch& batch, ModelLoss* loss) const {
  const Tensor target_M = batch.target_BT.flatten();
  const Tensor slot_N = at::nonzero(target_M >= 0).squeeze(1);
  loss->text_h_NW = at::index_select(h_MW, 0, slot_N);
  const Tensor coarse_NV = TextLogits(loss->text_h_NW);
  const Tensor logits_NV = coarse_NV.to(at::promote_types(coarse_NV.scalar_type(), torch::kFloat));
  const Tensor nats_N = at::cross_entropy_loss(logits_NV, at::index_select(target_M, 0, slot_N), {},
                                               at::Reduction::None);
  const Tensor weight_N = at::index_select(batch.weight_BT.flatten(), 0, slot_N);
  const Tensor weighted_N = nats_N * weight_N;
  if (batch.set_BT.defined()) {
    const Tensor set_N = at::index_select(batch.set_BT.flatten(), 0, slot_N);
    loss->by_set.text_2S = SumBySet(set_N, weighted_N, weight_N);
  }
  return weighted_N.sum();
}

ModelLoss Model::Loss(const Batch& batch, LossScale scale, at::Generator rng) {
  if (batch.scored_P.any().item<bool>()) {
    return Weighted(objective_->Loss(batch, std::move(rng)), batch, scale);
  }
  ImageLoss none;
  none.h_MW = Hidden(batch, std::move(rng)).flatten(0, 1);
  return Weighted(std::move(none), batch, scale);
}

ModelLoss Model::LossOf(const Tensor& h_BTW, const Batch& batch, LossScale scale,
                        at::Generator rng) {
  TORCH_CHECK(config_.arrangement.states_predict_patches(),
              "only objective head has its loss from given states");
  const Tensor h_MW = h_BTW.flatten(0, 1);
  ImageLoss image;
  image.h_MW = h_MW;
  if (batch.scored_P.any().item<bool>()) {
    image = HeadLossFrom(*this, h_MW, batch, std::move(rng));
  }
  return Weighted(std::move(image), batch, scale);
}

// The text loss beside the image loss, and their weighted sum.
ModelLoss Model::Weighted(ImageLoss image, const Batch& batch, LossScale scale) const {
  ModelLoss loss;
  const Tensor text = TextLoss(image.h_MW, batch, &loss);
  loss.image = image.head;
  loss.image_h_NW = image.h_NW;
  loss.text_sum = text.detach();
  loss.total = text * scale.text;
  loss.image_sum = at::zeros_like(loss.text_sum);
  if (loss.image.mean.defined()) {
    loss.turn_N = at::index_select(batch.turn_P, 0, image.patch_N);
    loss.by_set.image_2S = ImageLossBySet(batch, image.patch_N, image.head.by_patch_N);
    const double count = batch.scored_P.sum().item<double>();
    loss.image_sum = loss.image.mean.detach() * count;
    loss.total = loss.total + loss.image.mean * (count * scale.image);
  }
  return loss;
}

}  // namespace tessera
