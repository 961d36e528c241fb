// Keys and values of every slot that a row of generation has read, by layer and position.
// R = rows, S = slots, G = key-value heads, E = numbers a head.
#pragma once

#include <torch/types.h>

#include <vector>

namespace tessera {

class KvCache {
 public:
  KvCache(int64_t layers, torch::IntArrayRef shape_RSGE, torch::TensorOptions options);

  // Room for at least `slots` slots; views taken before no longer write to it.
  void Reserve(int64_t slots);

  // A view of rows [first, first + count): writes go to the whole.
  KvCache Rows(int64_t first, int64_t count) const;

  // Row i of the first `slots` slots becomes what row from_R[i] was.
  void TakeRows(const std::vector<int64_t>& from_R, int64_t slots);

  // Writes k_BTGE and v_BTGE at position_BT of the layer, one cache row a batch row, then returns
  // the layer's keys and values of the first `slots` positions, [B, slots, G, E]. A slot holds
  // whatever was written last: the mask hides positions that are still to come.
  std::pair<torch::Tensor, torch::Tensor> Extend(int64_t layer, const torch::Tensor& k_BTGE,
                                                 const torch::Tensor& v_BTGE,
                                                 const torch::Tensor& position_BT, int64_t slots);

  int64_t slots() const { return keys_.front().size(1); }

 private:
  KvCache() = default;
  std::vector<torch::Tensor> keys_, values_;
};

}  // namespace tessera
