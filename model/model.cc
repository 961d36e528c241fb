#include "model/model.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "model/objectives/query_patches.h"
#include "ops/attention.h"
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
  embed_tokens_ = RegisterParameter("embed_tokens", at::randn({ids, width}).mul_(kEmbeddingStd),
                                    ParameterRole::kEmbedding);
  hidden_patch_ = RegisterParameter("hidden_patch", at::zeros({width}), ParameterRole::kOutput);
  if (!config_.tie_text_head) {
    lm_head_ = RegisterParameter("lm_head", at::zeros({ids, width}), ParameterRole::kOutput);
  }
  backbone_ = register_module("model", std::make_shared<Backbone>(config_));
  patch_embedder_ = register_module(
      "patch_embedder",
      MakePatchEmbedder(config_.input, config_.patch, width, autoencoder_, grids_.front().size()));
  place_ = register_module("place", std::make_shared<RowColEmbedding>(max_rows, max_cols, width));
  next_place_ =
      register_module("next_place", std::make_shared<RowColEmbedding>(max_rows, max_cols, width));
  noise_ = register_module("noise", std::make_shared<NoiseEmbedding>(width));
  if (config_.arrangement.backbone_denoises()) {
    level_ = register_module("level", std::make_shared<NoiseEmbedding>(width));
    denoiser_ = register_module(
        "head", std::make_shared<BackboneDenoiser>(config_.head, width, patch_dim()));
  } else {
    const int64_t condition_dim = config_.arrangement.joint_patches() * width;
    head_ = register_module("head",
                            MakeImageHead(config_.head, condition_dim, joint_dim(), autoencoder_));
  }
  if (autoencoder_ != nullptr) {
    register_module("autoencoder", autoencoder_);
    for (Tensor& parameter : autoencoder_->parameters()) {
      parameter.requires_grad_(false);
    }
  }
}

Tensor Model::Embed(const Batch& batch, at::Generator rng) const {
  const Tensor x_BTW = at::embedding(embed_tokens_, batch.id_BT);
  if (batch.patches() == 0) {
    return x_BTW;
  }
  // Codes stay those of the clean pixels: a noisy patch would be read as another code.
  const bool noisy = config_.input.kind != InputKind::kCodes;
  const Tensor level_P = noisy ? batch.noise_P : at::zeros_like(batch.noise_P);
  Tensor patch_PD = batch.patch_PD;
  if (rng.defined() && noisy) {
    const Tensor noise_PD = at::randn(patch_PD.sizes(), rng, patch_PD.options());
    patch_PD = at::addcmul(patch_PD, noise_PD, level_P.unsqueeze(1));
  }
  Tensor seen_PW = patch_embedder_->Embed(patch_PD) + noise_->Embed(level_P);
  if (batch.level_P.defined()) {
    const Tensor draft_P1 = (batch.level_P >= 0).unsqueeze(1);
    seen_PW = seen_PW + level_->Embed(batch.level_P) * draft_P1;
  }
  const Tensor e_PW =
      at::where(batch.hidden_P.unsqueeze(1), hidden_patch_.to(seen_PW.dtype()), seen_PW) +
      place_->Embed(batch.patch_row_col_P2);
  return x_BTW.flatten(0, 1)
      .index_add(0, batch.patch_slot_P, e_PW.to(x_BTW.dtype()))
      .view_as(x_BTW);
}

Slots Model::SlotsOf(const Batch& batch, torch::Dtype dtype, KvCache* cache, int64_t cached) const {
  Slots slots;
  slots.rotary = MakeRotary(batch.rotary_coordinate_BT2, config_.width / config_.heads,
                            config_.rope_theta, dtype);
  slots.position_BT = batch.position_BT;
  slots.cache = cache;
  slots.cached = cached;
  if (cache != nullptr) {
    slots.visible_to_BT = batch.visible_to_BT;
    slots.visible_from_BT = batch.visible_from_BT;
  } else if (batch.group_BT.defined()) {
    slots.bias_B1TS = GroupedBias(batch.document_BT, batch.position_BT, batch.visible_to_BT,
                                  batch.group_BT, dtype);
  } else {
    slots.bias_B1TS = VisibilityBias(batch.document_BT, batch.position_BT, batch.visible_to_BT,
                                     dtype, batch.visible_from_BT);
  }
  return slots;
}

Tensor Model::Hidden(const Batch& batch, at::Generator rng, KvCache* cache, int64_t cached,
                     Trace* trace) {
  const Tensor x_BTW = Embed(batch, rng);
  Slots slots = SlotsOf(batch, x_BTW.scalar_type(), cache, cached);
  slots.trace = trace;
  return backbone_->Forward(x_BTW, slots);
}

void Model::Remember(const Batch& batch, KvCache* cache, int64_t cached) {
  const Tensor x_BTW = Embed(batch, {});
  backbone_->Remember(x_BTW, SlotsOf(batch, x_BTW.scalar_type(), cache, cached));
}

KvCache Model::MakeCache(int64_t rows, int64_t slots) const {
  return KvCache(config_.layers, {rows, slots, config_.kv_heads, config_.width / config_.heads},
                 embed_tokens_.options().requires_grad(false));
}

Tensor Model::TextLogits(const Tensor& h_NW) const {
  return Linear(h_NW, lm_head_.defined() ? lm_head_ : embed_tokens_);
}

Tensor Model::Condition(const Tensor& h_NW, const Tensor& row_col_N2) const {
  const Tensor z_NW = h_NW + next_place_->Embed(row_col_N2);
  return z_NW.unflatten(-2, {-1, config_.arrangement.joint_patches()}).flatten(-2);
}

// Weighted sum of nats over the slots that have a target, whose states are left in *h_NW.
Tensor Model::TextLoss(const Tensor& h_MW, const Batch& batch, Tensor* h_NW) const {
  const Tensor target_M = batch.target_BT.flatten();
  const Tensor slot_N = at::nonzero(target_M >= 0).squeeze(1);
  *h_NW = at::index_select(h_MW, 0, slot_N);
  const Tensor coarse_NV = TextLogits(*h_NW);
  const Tensor logits_NV = coarse_NV.to(at::promote_types(coarse_NV.scalar_type(), torch::kFloat));
  const Tensor nats_N = at::cross_entropy_loss(logits_NV, at::index_select(target_M, 0, slot_N), {},
                                               at::Reduction::None);
  return (nats_N * at::index_select(batch.weight_BT.flatten(), 0, slot_N)).sum();
}

void Model::AddHeadLoss(const Tensor& h_MW, const Batch& batch, at::Generator rng,
                        ModelLoss* loss) {
  const Tensor scored_N = ScoredPatches(batch);
  const int64_t ahead = config_.arrangement.patches_at_once();
  const Tensor slot_N = at::index_select(batch.patch_slot_P, 0, scored_N);
  loss->image_h_NW = at::index_select(h_MW, 0, slot_N - ahead);
  const Tensor row_col_N2 = at::index_select(batch.patch_row_col_P2, 0, scored_N);
  const Tensor x_ND = at::index_select(batch.patch_PD, 0, scored_N);
  loss->image =
      head_->Loss(Condition(loss->image_h_NW, row_col_N2), x_ND.view({-1, joint_dim()}), rng);
  // Patches that are drawn together share their loss.
  loss->image.by_patch_N =
      loss->image.by_patch_N.repeat_interleave(config_.arrangement.joint_patches());
  loss->turn_N = at::index_select(batch.turn_P, 0, scored_N);
}

// Copies have a level each, the patches of a whole picture share one.
Tensor Model::CleaningLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss) {
  const bool whole = config_.arrangement.whole_pictures();
  const Tensor scored_N = ScoredPatches(batch);
  const Tensor level_N =
      whole ? PicturesOf(batch, scored_N) : at::arange(scored_N.size(0), scored_N.options());
  Tensor h_BVW;
  const BackboneDenoiser::States states = [&](const Tensor& noisy_KND, const Tensor& tau_KN) {
    const Drafted drafted =
        AppendDrafts(batch, scored_N, whole, {noisy_KND, tau_KN / kMostTau, {}});
    h_BVW = Hidden(drafted.batch, rng);
    loss->image_h_NW = at::index_select(h_BVW.flatten(0, 1), 0, drafted.slot_KN.flatten());
    return loss->image_h_NW.unflatten(0, drafted.slot_KN.sizes());
  };
  const Tensor x_ND = at::index_select(batch.patch_PD, 0, scored_N);
  loss->image = denoiser_->Loss(states, x_ND, level_N, rng);
  loss->turn_N = at::index_select(batch.turn_P, 0, scored_N);
  return h_BVW.narrow(1, 0, batch.slots()).flatten(0, 1);
}

Tensor Model::MaskedLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss) {
  const Tensor scored_N = ScoredPatches(batch);
  const Tensor hidden_N = HideAtRandom(PicturesOf(batch, scored_N), rng);
  const Tensor x_ND = at::index_select(batch.patch_PD, 0, scored_N);
  const Drafted drafted =
      AppendDrafts(batch, scored_N, true, {x_ND.unsqueeze(0), {}, hidden_N.unsqueeze(0)});
  const Tensor h_BVW = Hidden(drafted.batch, rng);
  const Tensor of_hidden_L = at::nonzero(hidden_N).squeeze(1);
  const Tensor slot_L = at::index_select(drafted.slot_KN.select(0, 0), 0, of_hidden_L);
  const Tensor patch_L = at::index_select(scored_N, 0, of_hidden_L);
  loss->image_h_NW = at::index_select(h_BVW.flatten(0, 1), 0, slot_L);
  const Tensor z_LW =
      Condition(loss->image_h_NW, at::index_select(batch.patch_row_col_P2, 0, patch_L));
  loss->image = head_->Loss(z_LW, at::index_select(batch.patch_PD, 0, patch_L), rng);
  loss->turn_N = at::index_select(batch.turn_P, 0, patch_L);
  return h_BVW.narrow(1, 0, batch.slots()).flatten(0, 1);
}

Tensor Model::ImageLossOf(const Batch& batch, at::Generator rng, ModelLoss* loss) {
  const bool any = batch.scored_P.any().item<bool>();
  const Objective objective = any ? config_.arrangement.objective : Objective::kHead;
  switch (objective) {
    case Objective::kHead: {
      const Tensor h_MW = Hidden(batch, rng).flatten(0, 1);
      if (any) {
        AddHeadLoss(h_MW, batch, rng, loss);
      }
      return h_MW;
    }
    case Objective::kCopies:
    case Objective::kWhole:
      return CleaningLossOf(batch, rng, loss);
    case Objective::kMasked:
      return MaskedLossOf(batch, rng, loss);
  }
  TORCH_CHECK(false, "objective ", static_cast<int>(config_.arrangement.objective));
}

ModelLoss Model::Loss(const Batch& batch, LossScale scale, at::Generator rng) {
  ModelLoss loss;
  const Tensor h_MW = ImageLossOf(batch, std::move(rng), &loss);
  return WithText(h_MW, batch, scale, std::move(loss));
}

ModelLoss Model::LossOf(const Tensor& h_BTW, const Batch& batch, LossScale scale,
                        at::Generator rng) {
  TORCH_CHECK(config_.arrangement.objective == Objective::kHead,
              "only objective head has its loss from given states");
  ModelLoss loss;
  const Tensor h_MW = h_BTW.flatten(0, 1);
  if (batch.scored_P.any().item<bool>()) {
    AddHeadLoss(h_MW, batch, std::move(rng), &loss);
  }
  return WithText(h_MW, batch, scale, std::move(loss));
}

ModelLoss Model::WithText(const Tensor& h_MW, const Batch& batch, LossScale scale,
                          ModelLoss loss) const {
  const Tensor text = TextLoss(h_MW, batch, &loss.text_h_NW);
  loss.text_sum = text.detach();
  loss.total = text * scale.text;
  loss.image_sum = at::zeros_like(loss.text_sum);
  if (loss.image.mean.defined()) {
    const double count = batch.scored_P.sum().item<double>();
    loss.image_sum = loss.image.mean.detach() * count;
    loss.total = loss.total + loss.image.mean * (count * scale.image);
  }
  return loss;
}

// Of the scored patches, [N, W]: the states that predict each when it is its turn. A draw of drafts
// a round hides what that round and the later ones draw.
Tensor Model::StatesInRounds(const Batch& batch, int64_t rounds, at::Generator rng) {
  const Tensor scored_N = ScoredPatches(batch);
  const Tensor round_N = RoundsAtRandom(PicturesOf(batch, scored_N), rounds, std::move(rng));
  const Tensor round_K1 =
      at::arange(round_N.max().item<int64_t>() + 1, round_N.options()).unsqueeze(1);
  const Tensor x_ND = at::index_select(batch.patch_PD, 0, scored_N);
  const Drafted drafted = AppendDrafts(
      batch, scored_N, true, {x_ND.expand({round_K1.size(0), -1, -1}), {}, round_N >= round_K1});
  const Tensor slot_N = drafted.slot_KN.gather(0, round_N.unsqueeze(0)).squeeze(0);
  return at::index_select(Hidden(drafted.batch, {}).flatten(0, 1), 0, slot_N);
}

Likelihood Model::MeasurePatches(const Batch& batch, const Measuring& measuring,
                                 at::Generator rng) {
  TORCH_CHECK(MeasuresPatches(), "no likelihood of patches under this objective");
  const torch::NoGradGuard no_grad;
  Batch clean = batch;
  clean.noise_P = at::zeros_like(batch.noise_P);
  const bool masked = config_.arrangement.objective == Objective::kMasked;
  const Tensor scored_N = ScoredPatches(batch);
  const auto of_scored = [&](const Tensor& of_P) { return at::index_select(of_P, 0, scored_N); };
  const Tensor h_NW =
      masked
          ? StatesInRounds(clean, measuring.rounds, rng)
          : at::index_select(Hidden(clean, {}).flatten(0, 1), 0,
                             of_scored(batch.patch_slot_P) - config_.arrangement.patches_at_once());
  Tensor z_NW = Condition(h_NW, of_scored(batch.patch_row_col_P2));
  Tensor x_ND = of_scored(batch.patch_PD).view({-1, joint_dim()});
  if (scored_N.size(0) > measuring.most) {
    // By chance: evenly spaced ones are at the same place of each picture if `most` divides them.
    const int64_t most = std::max<int64_t>(measuring.most / config_.arrangement.joint_patches(), 1);
    const Tensor chosen_M = at::randperm(x_ND.size(0), rng, scored_N.options()).slice(0, 0, most);
    z_NW = at::index_select(z_NW, 0, chosen_M);
    x_ND = at::index_select(x_ND, 0, chosen_M);
  }
  Likelihood likelihood = head_->Measure(z_NW, x_ND, rng);
  if (masked && likelihood.kind == LikelihoodKind::kExact) {
    likelihood.kind = LikelihoodKind::kBound;
  }
  return likelihood;
}

}  // namespace tessera
