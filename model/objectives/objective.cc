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

Likelihood MeasureSome(Model& model, Tensor z_NW, Tensor x_ND, int64_t most, at::Generator rng) {
  const int64_t joint = model.config().arrangement.joint_patches();
  x_ND = x_ND.view({-1, model.joint_dim()});
  if (x_ND.size(0) * joint > most) {
    // Evenly spaced patches would stand at the same turn of each picture if `most` divides them.
    const Tensor chosen_M = at::randperm(x_ND.size(0), rng, x_ND.options().dtype(torch::kLong))
                                .slice(0, 0, std::max<int64_t>(most / joint, 1));
    z_NW = at::index_select(z_NW, 0, chosen_M);
    x_ND = at::index_select(x_ND, 0, chosen_M);
  }
  return model.image_head().Measure(z_NW, x_ND, rng);
}

}  // namespace tessera
