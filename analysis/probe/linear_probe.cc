#include "analysis/probe/linear_probe.h"

#include <ATen/Functions.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace tessera {
namespace {

constexpr std::array kRidges = {1e-9, 1e-6, 1e-4, 1e-2, 1.};
constexpr int64_t kParts = 5, kChoosing = 3, kJudging = 4;

Tensor Rows(const Tensor& tensor, const Tensor& index) {
  return at::index_select(tensor, 0, index);
}

// Subtracts from each row the mean of the fitted rows of its group. A group without any has mean 0.
Tensor Centred(const Tensor& y_NK, const Tensor& fit_F, const Tensor& group_N) {
  const int64_t groups = group_N.max().item<int64_t>() + 1;
  const Tensor group_F = Rows(group_N, fit_F);
  const Tensor count_G = at::bincount(group_F, {}, groups).clamp_min(1).to(y_NK.scalar_type());
  const Tensor sum_GK =
      at::zeros({groups, y_NK.size(1)}, y_NK.options()).index_add(0, group_F, Rows(y_NK, fit_F));
  return y_NK - Rows(sum_GK / count_G.unsqueeze(1), group_N);
}

// A ridge regression through 0, solved for any ridge from one eigendecomposition.
class Ridge {
 public:
  Ridge(const Tensor& x_FW, const Tensor& y_FK) {
    const Tensor gram_WW = at::matmul(x_FW.t(), x_FW);
    unit_ = gram_WW.trace().item<double>() / static_cast<double>(x_FW.size(1));
    std::tie(value_W, vector_WW) = at::linalg_eigh(gram_WW);
    image_WK = at::matmul(vector_WW.t(), at::matmul(x_FW.t(), y_FK));
  }

  Tensor Map(double ridge) const {  // [W, K]
    const Tensor divisor_W = value_W.clamp_min(0) + std::max(ridge * unit_, 1e-300);
    return at::matmul(vector_WW, image_WK / divisor_W.unsqueeze(1));
  }

 private:
  double unit_ = 0;
  Tensor value_W, vector_WW, image_WK;
};

using Judge = std::function<double(const Tensor& prediction_MK, const Tensor& index_M)>;

// Fits, chooses the ridge by the judge on choose_V, and asks it again on judge_J.
ProbeScore Probe(const Tensor& x_NW, const Tensor& y_NK, const ProbeSplit& split,
                 const Judge& judge) {
  ProbeScore result{.judged = split.judge_J.size(0)};
  if (split.fit_F.size(0) == 0 || split.choose_V.size(0) == 0 || result.judged == 0) {
    result.score = result.chance = std::numeric_limits<double>::quiet_NaN();
    return result;
  }
  const Ridge ridge(Rows(x_NW, split.fit_F), Rows(y_NK, split.fit_F));
  const auto score = [&](double strength, const Tensor& index) {
    return judge(at::matmul(Rows(x_NW, index), ridge.Map(strength)), index);
  };
  double best = -std::numeric_limits<double>::infinity();
  for (const double strength : kRidges) {
    if (const double chosen = score(strength, split.choose_V); chosen > best) {
      best = chosen;
      result.ridge = strength;
    }
  }
  result.score = score(result.ridge, split.judge_J);
  return result;
}

}  // namespace

ProbeSplit SplitByDocument(const Tensor& document_N) {
  const Tensor part_N = at::remainder(document_N, kParts);
  const auto where = [](const Tensor& mask_N) { return at::nonzero(mask_N).squeeze(1); };
  return {where(part_N < kChoosing), where(part_N == kChoosing), where(part_N == kJudging)};
}

ProbeScore ProbeNumbers(const Tensor& x_NW, const Tensor& y_NK, const ProbeSplit& split,
                        const Tensor& group_N) {
  const Tensor group =
      group_N.defined() ? group_N : at::zeros({x_NW.size(0)}, torch::dtype(torch::kLong));
  const Tensor x = Centred(x_NW.to(torch::kDouble), split.fit_F, group);
  const Tensor y = Centred(y_NK.to(torch::kDouble), split.fit_F, group);
  return Probe(x, y, split, [&](const Tensor& prediction_MK, const Tensor& index_M) {
    const Tensor true_MK = Rows(y, index_M);
    return 1 - ((true_MK - prediction_MK).square().sum() / true_MK.square().sum()).item<double>();
  });
}

ProbeScore ProbeClass(const Tensor& x_NW, const Tensor& class_N, const ProbeSplit& split) {
  const Tensor one_group = at::zeros_like(class_N);
  const Tensor x = Centred(x_NW.to(torch::kDouble), split.fit_F, one_group);
  const Tensor one_hot_NC = at::one_hot(class_N).to(torch::kDouble);
  const Tensor y = Centred(one_hot_NC, split.fit_F, one_group);
  const Tensor share_C = Rows(one_hot_NC, split.fit_F).mean(0);
  const auto right = [&](const Tensor& found_M, const Tensor& index_M) {
    return (found_M == Rows(class_N, index_M)).to(torch::kDouble).mean().item<double>();
  };
  ProbeScore score = Probe(x, y, split, [&](const Tensor& prediction_MC, const Tensor& index_M) {
    return right((prediction_MC + share_C).argmax(1), index_M);
  });
  if (std::isfinite(score.score)) {
    score.chance = right(share_C.argmax().expand({score.judged}), split.judge_J);
  }
  return score;
}

}  // namespace tessera
