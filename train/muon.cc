#include "train/muon.h"

#include <torch/torch.h>

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
  const Tensor norm_M11 = x_MRC.norm(2, {1, 2}, /*keepdim=*/true).clamp_min(1e-20);
  Tensor y_MRC = (x_MRC / norm_M11).to(dtype);
  for (int i = 0; i < kSteps; ++i) {
    const Tensor gram_MRR = y_MRC.bmm(y_MRC.mT());
    const Tensor factor_MRR = at::baddbmm(gram_MRR, gram_MRR, gram_MRR, /*beta=*/b, /*alpha=*/c);
    y_MRC = at::baddbmm(y_MRC, factor_MRR, y_MRC, /*beta=*/a);  // (a + b G + c G^2) y
  }
  return y_MRC.to(x_MRC.scalar_type());
}

Muon::Muon(const NamedTensors& matrices, const MuonOptions& options) : options_(options) {
  std::map<std::array<int64_t, 2>, size_t> group_of_shape;
  for (const auto& [name, matrix] : matrices) {
    TORCH_CHECK(matrix.dim() == 2, "Muon takes matrices; ", name, " has shape ", matrix.sizes());
    const auto [least, most] = std::minmax({matrix.size(0), matrix.size(1)});
    const auto [found, is_new] = group_of_shape.try_emplace({least, most}, groups_.size());
    if (is_new) {
      groups_.emplace_back();
    }
    Group& group = groups_[found->second];
    group.names.push_back(name);
    group.matrices.push_back(matrix);
    group.tall.push_back(matrix.size(0) > matrix.size(1));
  }
  for (Group& group : groups_) {
    std::vector<double> scales;
    for (const Tensor& matrix : group.matrices) {
      const double ratio = static_cast<double>(matrix.size(0)) / matrix.size(1);
      scales.push_back(std::sqrt(std::max(1.0, ratio)));
    }
    const Tensor& first = group.matrices[0];
    const int64_t num = std::ssize(group.matrices);
    group.scale_M11 = torch::tensor(scales, first.options().requires_grad(false)).view({num, 1, 1});
    group.momentum_MRC = torch::zeros(
        {num, std::min(first.size(0), first.size(1)), std::max(first.size(0), first.size(1))},
        first.options().requires_grad(false));
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
  for (size_t i = 0; i < group.matrices.size(); ++i) {
    const Tensor& grad = group.matrices[i].grad();
    grads.push_back(grad.defined() ? OnItsSide(grad, group.tall[i])
                                   : torch::zeros_like(group.momentum_MRC[i]));
  }
  const Tensor grad_MRC = torch::stack(grads);
  group.momentum_MRC.lerp_(grad_MRC, 1 - options_.momentum);
  const Tensor ahead_MRC = grad_MRC.lerp(group.momentum_MRC, options_.momentum);  // Nesterov
  const Tensor update_MRC = Orthogonalize(ahead_MRC, options_.dtype).mul_(group.scale_M11);

  std::vector<Tensor> updates = update_MRC.unbind();
  for (size_t i = 0; i < updates.size(); ++i) {
    updates[i] = OnItsSide(updates[i], group.tall[i]);
  }
  at::_foreach_mul_(group.matrices, 1 - lr * options_.weight_decay);
  at::_foreach_add_(group.matrices, updates, /*alpha=*/-lr);
}

NamedTensors Muon::State() const {
  NamedTensors state;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      state.emplace_back("muon.momentum." + group.names[i], group.momentum_MRC[i]);
    }
  }
  return state;
}

}  // namespace tessera
