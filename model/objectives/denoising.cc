// Objectives copies and whole: the backbone itself denoises query patches. Each query of copies has
// a noise level of its own; those of a whole picture share one.
#include <ATen/Functions.h>

#include "model/model.h"
#include "model/objectives/query_patches.h"

namespace tessera {
namespace {

class DenoisingObjective : public Objective {
 public:
  using Objective::Objective;

  ImageLoss Loss(const Batch& batch, at::Generator rng) override {
    const bool whole = model().config().arrangement.whole_pictures();
    const Tensor scored_N = ScoredPatches(batch);
    const Tensor time_N =
        whole ? PicturesOf(batch, scored_N) : at::arange(scored_N.size(0), scored_N.options());
    ImageLoss loss;
    Tensor h_BVW;
    const BackboneDenoiser::States states = [&](const Tensor& noisy_KND, const Tensor& tau_KN) {
      const WithQueries queried =
          AppendQueries(batch, scored_N, whole, {noisy_KND, tau_KN / kMostTau, {}});
      h_BVW = model().Hidden(queried.input, rng);
      loss.h_NW = at::index_select(h_BVW.flatten(0, 1), 0, queried.slot_KN.flatten());
      return loss.h_NW.unflatten(0, queried.slot_KN.sizes());
    };
    const Tensor x_ND = at::index_select(batch.patch_PD, 0, scored_N);
    loss.head = model().denoiser().Loss(states, x_ND, time_N, rng);
    loss.patch_N = scored_N;
    loss.h_MW = h_BVW.narrow(1, 0, batch.slots()).flatten(0, 1);
    return loss;
  }

  bool measures() const override { return false; }

  ConditionedPatches Conditioned(const Batch&, const Measuring&, at::Generator) override {
    TORCH_CHECK(false, "the likelihood of patches is not known when the backbone denoises");
  }
};

}  // namespace

std::unique_ptr<Objective> Make(ObjectiveOf<ObjectiveKind::kCopies>, Model& model) {
  return std::make_unique<DenoisingObjective>(model);
}

std::unique_ptr<Objective> Make(ObjectiveOf<ObjectiveKind::kWhole>, Model& model) {
  return std::make_unique<DenoisingObjective>(model);
}

}  // namespace tessera
