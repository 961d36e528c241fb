#include "ops/attention.h"

#include <ATen/Functions.h>
#include <ATen/record_function.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/kernel_call.h"

namespace tessera {
namespace {

// Up to this many keys the explicit product is faster on a CPU than the fused kernel, whose
// backward is slow in bf16 (128 slots: 3.3 ms against 11).
constexpr int64_t kExplicitKeys = 256;

Tensor Bias(const Tensor& visible_BTS, torch::Dtype dtype) {
  const auto options = torch::TensorOptions(dtype).device(visible_BTS.device());
  const Tensor hidden = at::full({}, -std::numeric_limits<double>::infinity(), options);
  return at::where(visible_BTS, at::zeros({}, options), hidden).unsqueeze(1);
}

// Whether the key at a position lies within what each query sees. position: [B, 1, S] or [S].
Tensor Seen(const Tensor& position, const Tensor& visible_to_BT, const Tensor& visible_from_BT) {
  const Tensor past_BTS = visible_to_BT.unsqueeze(2) >= position;
  return visible_from_BT.defined() ? past_BTS.logical_and(visible_from_BT.unsqueeze(2) <= position)
                                   : past_BTS;
}

Tensor Weights(const Tensor& q_BHTE, const Tensor& k_BHSE, const Tensor& bias_B1TS) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q_BHTE.size(-1)));
  return at::softmax(at::matmul(q_BHTE * scale, k_BHSE.transpose(2, 3)) + bias_B1TS, -1);
}

bool IsRowOfSlots(const Tensor& k_BSGE) {
  return k_BSGE.scalar_type() == torch::kFloat32 && k_BSGE[0].is_contiguous();
}

bool ReadsInPlace(const Tensor& q_BTHE, const Tensor& k_BSGE, const Tensor& v_BSGE) {
  return HasKernel(q_BTHE) && IsRowOfSlots(k_BSGE) && IsRowOfSlots(v_BSGE) &&
         !at::GradMode::is_enabled();
}

Tensor AttentionInPlace(const Tensor& q_BTHE, const Tensor& k_BSGE, const Tensor& v_BSGE,
                        const Tensor& visible_to_BT, const Tensor& visible_from_BT) {
  const int64_t queries = q_BTHE.size(1), heads = q_BTHE.size(2), dim = q_BTHE.size(3);
  const int64_t slots = k_BSGE.size(1);
  const Tensor q = q_BTHE.to(torch::kFloat32).contiguous(), seen = visible_to_BT.contiguous(),
               since =
                   visible_from_BT.defined() ? visible_from_BT.contiguous() : at::zeros_like(seen),
               y = at::empty_like(q);
  const std::array<c10::IValue, 2> arguments = {q, k_BSGE};
  RECORD_FUNCTION("tessera::cached_attention", arguments);
  const auto row_of = [](const Tensor& x, int64_t row) {
    return Numbers<float>(x) + row * x.stride(0);
  };
  ForRows({q.size(0), 2 * queries * heads * slots * dim}, [&](int64_t first, int64_t rows) {
    std::vector<float> weight(heads * slots);
    for (int64_t row = first; row < first + rows; ++row) {
      kernels::RowAttention{heads,
                            k_BSGE.size(2),
                            dim,
                            row_of(q, row),
                            k_BSGE.stride(1),
                            row_of(k_BSGE, row),
                            row_of(v_BSGE, row),
                            since.const_data_ptr<int64_t>() + row * queries,
                            seen.const_data_ptr<int64_t>() + row * queries,
                            slots,
                            weight.data(),
                            row_of(y, row)}
          .Run(queries);
    }
  });
  return y.to(q_BTHE.scalar_type());
}

}  // namespace

Tensor Attention(const Tensor& q_BTHE, const Tensor& k_BSGE, const Tensor& v_BSGE,
                 const Tensor& bias_B1TS) {
  const int64_t groups = q_BTHE.size(2) / k_BSGE.size(2);
  const Tensor q = q_BTHE.transpose(1, 2);
  Tensor k = k_BSGE.transpose(1, 2), v = v_BSGE.transpose(1, 2);
  if (groups > 1) {
    k = k.repeat_interleave(groups, 1);
    v = v.repeat_interleave(groups, 1);
  }
  if (!q.is_cpu() || k.size(2) > kExplicitKeys) {
    return at::scaled_dot_product_attention(q, k, v, bias_B1TS.to(q.dtype())).transpose(1, 2);
  }
  return at::matmul(Weights(q, k, bias_B1TS), v).transpose(1, 2);
}

Tensor AttentionWeights(const Tensor& q_BTHE, const Tensor& k_BSGE, const Tensor& bias_B1TS) {
  const int64_t groups = q_BTHE.size(2) / k_BSGE.size(2);
  return Weights(q_BTHE.transpose(1, 2), k_BSGE.transpose(1, 2).repeat_interleave(groups, 1),
                 bias_B1TS);
}

Tensor VisibilityBias(const Tensor& document_BT, const Tensor& position_BT,
                      const Tensor& visible_to_BT, torch::Dtype dtype,
                      const Tensor& visible_from_BT) {
  const Tensor same_BTT = document_BT.unsqueeze(2) == document_BT.unsqueeze(1);
  const Tensor key_B1T = position_BT.unsqueeze(1);
  return Bias(same_BTT.logical_and(Seen(key_B1T, visible_to_BT, visible_from_BT)), dtype);
}

Tensor GroupedBias(const Tensor& document_BT, const Tensor& position_BT,
                   const Tensor& visible_to_BT, const Tensor& group_BT, torch::Dtype dtype) {
  const Tensor same_BTT = document_BT.unsqueeze(2) == document_BT.unsqueeze(1);
  const Tensor past_BTT = visible_to_BT.unsqueeze(2) >= position_BT.unsqueeze(1);
  const Tensor group_B1T = group_BT.unsqueeze(1);
  const Tensor own_BTT = group_BT.unsqueeze(2) == group_B1T;
  return Bias(same_BTT.logical_and(at::where(group_B1T < 0, past_BTT, own_BTT)), dtype);
}

Tensor CachedBias(const Tensor& visible_to_BT, int64_t slots, torch::Dtype dtype,
                  const Tensor& visible_from_BT) {
  return Bias(Seen(at::arange(slots, visible_to_BT.options()), visible_to_BT, visible_from_BT),
              dtype);
}

Tensor CachedAttention(const Tensor& q_BTHE, const Tensor& k_BSGE, const Tensor& v_BSGE,
                       const Tensor& visible_to_BT, const Tensor& visible_from_BT) {
  if (ReadsInPlace(q_BTHE, k_BSGE, v_BSGE)) {
    return AttentionInPlace(q_BTHE, k_BSGE, v_BSGE, visible_to_BT, visible_from_BT);
  }
  return Attention(
      q_BTHE, k_BSGE, v_BSGE,
      CachedBias(visible_to_BT, k_BSGE.size(1), q_BTHE.scalar_type(), visible_from_BT));
}

}  // namespace tessera
