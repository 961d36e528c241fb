// Attention and its masks. B = rows, T = queries, S = keys, H = heads, G = key-value heads
// (G divides H: grouped-query attention, Ainslie et al. 2023), E = numbers a head.
#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// softmax(q k^T / sqrt(E) + bias) v. q_BTHE, k_BSGE, v_BSGE; bias_B1TS is 0 where a query may look
// and -infinity elsewhere, every query having at least one key. -> [B, T, H, E]
Tensor Attention(const Tensor& q_BTHE, const Tensor& k_BSGE, const Tensor& v_BSGE,
                 const Tensor& bias_B1TS);

// Its softmax alone: [B, H, T, S], whose rows sum to 1.
Tensor AttentionWeights(const Tensor& q_BTHE, const Tensor& k_BSGE, const Tensor& bias_B1TS);

// Several documents in a row: a slot sees the slots of its own document up to position
// visible_to_BT, its own or, where slots see what comes after them, a later one; and back to
// visible_from_BT, if that is defined, else to the first. Padding (document -1, positions 0) sees
// padding. -> [B, 1, T, T]
Tensor VisibilityBias(const Tensor& document_BT, const Tensor& position_BT,
                      const Tensor& visible_to_BT, torch::Dtype dtype,
                      const Tensor& visible_from_BT = {});

// The bias where some slots stand in groups: a key of a group (group_BT >= 0) is seen by the slots
// of its group alone, other keys as VisibilityBias says. -> [B, 1, T, T]
Tensor GroupedBias(const Tensor& document_BT, const Tensor& position_BT,
                   const Tensor& visible_to_BT, const Tensor& group_BT, torch::Dtype dtype);

// One document a row, its keys cached by position: each sees positions s <= visible_to_BT of S
// slots, and s >= visible_from_BT, if that is defined. -> [B, 1, T, S]
Tensor CachedBias(const Tensor& visible_to_BT, int64_t slots, torch::Dtype dtype,
                  const Tensor& visible_from_BT = {});

// Attention under that bias where no gradient is asked of it. On a CPU it reads the keys where they
// lie: k_BSGE and v_BSGE are views of a cache.
Tensor CachedAttention(const Tensor& q_BTHE, const Tensor& k_BSGE, const Tensor& v_BSGE,
                       const Tensor& visible_to_BT, const Tensor& visible_from_BT = {});

}  // namespace tessera
