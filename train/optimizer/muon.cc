#include "train/optimizer/muon.h"

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace tessera {
namespace {

Tensor OnItsSide(const Tensor& matrix, bool tall) { return tall ? matrix.t() : matrix; }

}  // namespace

Tensor Orthogonalize(const Tensor& x_MRC, torch::Dtype dtype) {
  // The post's quintic: five steps bring every singular value in [.002, 1] near 1. It is steep at 0
  // rather than exact at 1, since the speed for small values matters more.
  constexpr int kSteps = 5;
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;
  const Tensor norm_M11 =
      at::linalg_vector_norm(x_MRC, 2, {1, 2}, /*keepdim=*/true, torch::kFloat32).clamp_min(1e-20);
  Tensor y_MRC = x_MRC.to(dtype) * norm_M11.reciprocal().to(dtype);
  for (int i = 0; i < kSteps; ++i) {
    const Tensor gram_MRR = y_MRC.bmm(y_MRC.mT());
    const Tensor factor_MRR = at::baddbmm(gram_MRR, gram_MRR, gram_MRR, /*beta=*/b, /*alpha=*/c);
    y_MRC = at::baddbmm(y_MRC, factor_MRR, y_MRC, /*beta=*/a);  // (a + b G + c G^2) y
  }
  return y_MRC.to(x_MRC.scalar_type());
}

Muon::Muon(const NamedTensors& matrices, const MuonOptions& options, const Ranks& ranks)
    : options_(options), ranks_(ranks) {
  std::map<std::array<int64_t, 2>, size_t> group_of_shape;
  for (const auto& [name, matrix] : matrices) {
    TORCH_CHECK(matrix.dim() == 2, "Muon takes matrices; ", name, " has shape ", matrix.sizes());
    const int64_t rows = matrix.size(0), columns = matrix.size(1);
    const auto [least, most] = std::minmax({rows, columns});
    const auto [found, is_new] = group_of_shape.try_emplace({least, most}, groups_.size());
    if (is_new) {
      groups_.emplace_back();
    }
    Group& group = groups_[found->second];
    group.names.push_back(name);
    group.matrices.push_back(matrix);
    group.momentum.push_back(torch::zeros_like(matrix.detach()));
    group.scale.push_back(std::sqrt(std::max(1.0, static_cast<double>(rows) / columns)));
    group.tall.push_back(rows > columns);
  }
}

void Muon::Step(double lr_factor) {
  const torch::NoGradGuard no_grad;
  for (Group& group : groups_) {
    StepGroup(group, options_.lr * lr_factor);
  }
}

void Muon::StepGroup(Group& group, double lr) {
  std::vector<Tensor> grads;
  for (const Tensor& matrix : group.matrices) {
    grads.push_back(matrix.grad().defined() ? matrix.grad() : torch::zeros_like(matrix));
  }
  at::_foreach_lerp_(group.momentum, grads, /*weight=*/1 - options_.momentum);
  const auto ahead = at::_foreach_lerp(grads, group.momentum, options_.momentum);  // Nesterov

  const int64_t num = std::ssize(ahead);
  const auto [first, last] = ranks_.ShareOf(num);
  const auto sizes = OnItsSide(ahead[0], group.tall[0]).sizes();
  const Tensor stack_MRC =
      at::empty({last - first, sizes[0], sizes[1]}, ahead[0].options().dtype(options_.dtype));
  for (int64_t i = first; i < last; ++i) {
    stack_MRC[i - first].copy_(OnItsSide(ahead[i], group.tall[i]));
  }
  const Tensor update_MRC = ranks_.Gather(Orthogonalize(stack_MRC, options_.dtype));
  for (int64_t i = 0; i < num; ++i) {
    group.matrices[i].mul_(1 - lr * options_.weight_decay);
    group.matrices[i].add_(OnItsSide(update_MRC[i], group.tall[i]), -lr * group.scale[i]);
  }
}

NamedTensors Muon::State() const {
  NamedTensors state;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      state.emplace_back("muon.momentum." + group.names[i], group.momentum[i]);
    }
  }
  return state;
}

}  // namespace tessera
