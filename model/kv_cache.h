// Keys and values of every slot that a row of generation has read, by layer and position.
// R = rows, S = slots, G = key-value heads, E = numbers a head.
#pragma once

#include <torch/types.h>

#include <vector>

namespace tessera {

class KvCache {
 public:
  KvCache(int64_t layers, torch::IntArrayRef shape_RSGE, torch::TensorOptions options);

  // From now on the first `slots` slots of each row are in use, for which there is room. Views
  // taken before no longer write to the cache.
  void Use(int64_t slots);

  // A view of rows [first, first + count): writes go to the whole.
  KvCache Rows(int64_t first, int64_t count) const;

  // Row i becomes what row from_R[i] was, in the slots in use.
  void TakeRows(const std::vector<int64_t>& from_R);

  // Appends rows, whose contents mean nothing yet; room for rows grows by doubling.
  void AppendRows(int64_t count);
  void SwapRows(int64_t a, int64_t b);
  void DropLastRow() { --rows_; }

  // Writes k_BTGE and v_BTGE at position_BT of the layer, one cache row a batch row, then returns
  // the layer's keys and values of the slots in use, [B, S, G, E]. A slot holds whatever was
  // written last: the mask hides positions that are still to come.
  std::pair<torch::Tensor, torch::Tensor> Extend(int64_t layer, const torch::Tensor& k_BTGE,
                                                 const torch::Tensor& v_BTGE,
                                                 const torch::Tensor& position_BT);

  // Those keys and values, without a write before.
  std::pair<torch::Tensor, torch::Tensor> At(int64_t layer) const;

  int64_t rows() const { return rows_; }

 private:
  KvCache() = default;
  int64_t room() const { return keys_.front().size(1); }

  std::vector<torch::Tensor> keys_, values_;  // a layer each
  int64_t rows_ = 0;
  int64_t used_ = 0;  // slots
};

}  // namespace tessera
