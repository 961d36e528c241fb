// Objective masked: the states at hidden query patches condition the image head. K = rounds, L =
// hidden queries.
#include <ATen/Functions.h>
#include <torch/utils.h>

#include "model/model.h"
#include "model/objectives/query_patches.h"

namespace tessera {
namespace {

class MaskedObjective : public Objective {
 public:
  using Objective::Objective;

  ImageLoss Loss(const Batch& batch, at::Generator rng) override {
    const Tensor scored_N = ScoredPatches(batch);
    const Tensor hidden_N = HideAtRandom(PicturesOf(batch, scored_N), rng);
    const Tensor x_ND = at::index_select(batch.patch_PD, 0, scored_N);
    const WithQueries queried =
        AppendQueries(batch, scored_N, true, {x_ND.unsqueeze(0), {}, hidden_N.unsqueeze(0)});
    const Tensor h_BVW = model().Hidden(queried.input, rng);
    const Tensor query_L = at::nonzero(hidden_N).squeeze(1);
    const Tensor slot_L = at::index_select(queried.slot_KN.select(0, 0), 0, query_L);
    const Tensor patch_L = at::index_select(scored_N, 0, query_L);
    const auto of_hidden = [&](const Tensor& x) { return at::index_select(x, 0, patch_L); };
    ImageLoss loss;
    loss.h_NW = at::index_select(h_BVW.flatten(0, 1), 0, slot_L);
    loss.head =
        model().image_head().Loss(model().Condition(loss.h_NW, of_hidden(batch.patch_row_col_P2)),
                                  of_hidden(batch.patch_PD), rng);
    loss.patch_N = patch_L;
    loss.h_MW = h_BVW.narrow(1, 0, batch.slots()).flatten(0, 1);
    return loss;
  }

  bool measures() const override { return true; }

  // Patches are drawn in measuring.rounds rounds in a random order, each given the earlier rounds.
  // In expectation over orders that is no less than what a picture costs in all orders (Jensen), so
  // an exact likelihood of the head becomes a bound.
  ConditionedPatches Conditioned(const Batch& batch, const Measuring& measuring,
                                 at::Generator rng) override {
    const torch::NoGradGuard no_grad;
    const Tensor scored_N = ScoredPatches(batch);
    const Tensor h_NW = StatesInRounds(WithoutNoise(batch), scored_N, measuring.rounds, rng);
    const Tensor z_NW =
        model().Condition(h_NW, at::index_select(batch.patch_row_col_P2, 0, scored_N));
    return ChooseSome(model(), {z_NW, at::index_select(batch.patch_PD, 0, scored_N)},
                      measuring.most, rng);
  }

 private:
  bool exact() const override { return false; }

  // The states that predict each scored patch in its round, [N, W]. The queries of round k hide
  // what that round and the later ones draw.
  Tensor StatesInRounds(const ModelInput& input, const Tensor& scored_N, int64_t rounds,
                        at::Generator rng) {
    const Tensor round_N = RoundsAtRandom(PicturesOf(input, scored_N), rounds, std::move(rng));
    const Tensor round_K1 =
        at::arange(round_N.max().item<int64_t>() + 1, round_N.options()).unsqueeze(1);
    const Tensor x_ND = at::index_select(input.patch_PD, 0, scored_N);
    const WithQueries queried = AppendQueries(
        input, scored_N, true, {x_ND.expand({round_K1.size(0), -1, -1}), {}, round_N >= round_K1});
    const Tensor slot_N = queried.slot_KN.gather(0, round_N.unsqueeze(0)).squeeze(0);
    return at::index_select(model().Hidden(queried.input, {}).flatten(0, 1), 0, slot_N);
  }
};

}  // namespace

std::unique_ptr<Objective> Make(ObjectiveOf<ObjectiveKind::kMasked>, Model& model) {
  return std::make_unique<MaskedObjective>(model);
}

}  // namespace tessera
