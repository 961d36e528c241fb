#include "model/objectives/objective.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <utility>

#include "model/model.h"

namespace tessera {

// A kind without a line here does not compile.
ObjectiveMaker<ObjectiveKind::kHead> Make;
ObjectiveMaker<ObjectiveKind::kCopies> Make;
ObjectiveMaker<ObjectiveKind::kWhole> Make;
ObjectiveMaker<ObjectiveKind::kMasked> Make;

std::unique_ptr<Objective> MakeObjective(ObjectiveKind kind, Model& model) {
  std::unique_ptr<Objective> objective;
  const auto make_if_named = [&](auto each) {
    if (each == kind) {
      objective = Make(each, model);
    }
  };
  [&]<size_t... i>(std::index_sequence<i...>) {
    (make_if_named(ObjectiveOf<static_cast<ObjectiveKind>(i)>()), ...);
  }
  (std::make_index_sequence<kObjectives.size()>());
  return objective;
}

Likelihood Objective::Measure(const Batch& batch, const Measuring& measuring, at::Generator rng) {
  const ConditionedPatches patches = Conditioned(batch, measuring, rng);
  Measurement measurement(rng);
  measurement.decoder = measuring.decoder;
  measurement.exact_ode = measuring.exact_ode;
  Likelihood likelihood = model_.image_head().Measure(patches.z_NZ, patches.x_ND, measurement);
  if (likelihood.kind == LikelihoodKind::kExact && !exact()) {
    likelihood.kind = LikelihoodKind::kBound;
  }
  return likelihood;
}

ConditionedPatches ChooseSome(const Model& model, ConditionedPatches all, int64_t most,
                              at::Generator rng) {
  const int64_t joint = model.config().arrangement.joint_patches();
  all.x_ND = all.x_ND.view({-1, model.joint_dim()});
  if (all.x_ND.size(0) * joint <= most) {
    return all;
  }
  // Evenly spaced patches would stand at the same turn of each picture if `most` divides them.
  const Tensor chosen_M =
      at::randperm(all.x_ND.size(0), rng, all.x_ND.options().dtype(torch::kLong))
          .slice(0, 0, std::max<int64_t>(most / joint, 1));
  return {at::index_select(all.z_NZ, 0, chosen_M), at::index_select(all.x_ND, 0, chosen_M)};
}

}  // namespace tessera
