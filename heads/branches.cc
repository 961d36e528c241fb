#include "heads/branches.h"

#include <ATen/Functions.h>

namespace tessera {

std::vector<Branch> Weighted(const std::vector<Branch>& branches) {
  if (branches.size() == 1) {
    return branches;
  }
  std::vector<Branch> weighted;
  for (const Branch& branch : branches) {
    if (branch.weight_N1.count_nonzero().item<int64_t>() > 0) {
      weighted.push_back(branch);
    }
  }
  return weighted;
}

Tensor StackOf(const std::vector<Branch>& branches, Tensor Branch::*member) {
  std::vector<Tensor> parts;
  for (const Branch& branch : branches) {
    parts.push_back(branch.*member);
  }
  return at::stack(parts);
}

torch::Dtype SampleType(const Conditions& conditions) {
  return at::promote_types(conditions.branches.front().z_NZ.scalar_type(), torch::kFloat);
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
  for (Branch& branch : some.branches) {
    branch = {at::index_select(branch.z_NZ, 0, index_M),
              at::index_select(branch.weight_N1, 0, index_M)};
  }
  return some;
}

}  // namespace tessera
