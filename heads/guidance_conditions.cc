#include "heads/guidance_conditions.h"

#include <ATen/Functions.h>

namespace tessera {

std::vector<GuidanceCondition> Weighted(const std::vector<GuidanceCondition>& guidance) {
  if (guidance.size() == 1) {
    return guidance;
  }
  std::vector<GuidanceCondition> weighted;
  for (const GuidanceCondition& condition : guidance) {
    if (condition.weight_N1.count_nonzero().item<int64_t>() > 0) {
      weighted.push_back(condition);
    }
  }
  return weighted;
}

Tensor StackOf(const std::vector<GuidanceCondition>& guidance, Tensor GuidanceCondition::*member) {
  std::vector<Tensor> parts;
  for (const GuidanceCondition& condition : guidance) {
    parts.push_back(condition.*member);
  }
  return at::stack(parts);
}

torch::Dtype SampleType(const Conditions& conditions) {
  return at::promote_types(conditions.guidance.front().z_NZ.scalar_type(), torch::kFloat);
}

Tensor DrawCode(const Tensor& log_mass_NC, double temperature, const Tensor& u_N) {
  if (temperature == 0) {
    return log_mass_NC.argmax(1);
  }
  const Tensor below_NC = (log_mass_NC / temperature).softmax(1).cumsum(1);
  return (below_NC <= u_N.unsqueeze(1)).sum(1).clamp_max(log_mass_NC.size(1) - 1);
}

Conditions SelectRows(const Conditions& conditions, const Tensor& index_M) {
  Conditions some = conditions;
  for (GuidanceCondition& condition : some.guidance) {
    condition = {at::index_select(condition.z_NZ, 0, index_M),
                 at::index_select(condition.weight_N1, 0, index_M)};
  }
  return some;
}

}  // namespace tessera
