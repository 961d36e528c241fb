// Objective head: the hidden state before a patch conditions the image head.
#include <ATen/Functions.h>
#include <torch/utils.h>

#include "model/model.h"
#include "model/objectives/query_patches.h"

namespace tessera {
namespace {

class HeadObjective : public Objective {
 public:
  using Objective::Objective;

  ImageLoss Loss(const Batch& batch, at::Generator rng) override {
    const Tensor h_MW = model().Hidden(batch, rng).flatten(0, 1);
    return HeadLossFrom(model(), h_MW, batch, rng);
  }

  bool measures() const override { return true; }

  ConditionedPatches Conditioned(const Batch& batch, const Measuring& measuring,
                                 at::Generator rng) override {
    const torch::NoGradGuard no_grad;
    const Tensor scored_N = ScoredPatches(batch);
    const auto of_scored = [&](const Tensor& x) { return at::index_select(x, 0, scored_N); };
    const Tensor h_MW = model().Hidden(WithoutNoise(batch), {}).flatten(0, 1);
    const Tensor z_NW = model().Condition(at::index_select(h_MW, 0, of_scored(batch.predictor_P)),
                                          of_scored(batch.patch_row_col_P2));
    return ChooseSome(model(), {z_NW, of_scored(batch.patch_PD)}, measuring.most, rng);
  }
};

}  // namespace

ImageLoss HeadLossFrom(Model& model, const Tensor& h_MW, const Batch& batch, at::Generator rng) {
  const Tensor scored_N = ScoredPatches(batch);
  const auto of_scored = [&](const Tensor& x) { return at::index_select(x, 0, scored_N); };
  ImageLoss loss;
  loss.h_MW = h_MW;
  loss.h_NW = at::index_select(h_MW, 0, of_scored(batch.predictor_P));
  const Tensor z_NW = model.Condition(loss.h_NW, of_scored(batch.patch_row_col_P2));
  const Tensor x_ND = of_scored(batch.patch_PD).view({-1, model.joint_dim()});
  loss.head = model.image_head().Loss(z_NW, x_ND, std::move(rng));
  // Patches that are drawn together share their loss.
  loss.head.by_patch_N =
      loss.head.by_patch_N.repeat_interleave(model.config().arrangement.joint_patches());
  loss.patch_N = scored_N;
  return loss;
}

std::unique_ptr<Objective> Make(ObjectiveOf<ObjectiveKind::kHead>, Model& model) {
  return std::make_unique<HeadObjective>(model);
}

}  // namespace tessera
