#include "model/kv_cache.h"

#include <ATen/Functions.h>

#include <algorithm>

namespace tessera {

using torch::Tensor;

KvCache::KvCache(int64_t layers, torch::IntArrayRef shape_RSGE, torch::TensorOptions options) {
  for (int64_t i = 0; i < layers; ++i) {
    keys_.push_back(at::zeros(shape_RSGE, options));
    values_.push_back(at::zeros(shape_RSGE, options));
  }
}

void KvCache::Reserve(int64_t slots) {
  const int64_t more = std::max(slots, 2 * this->slots()) - this->slots();
  if (slots <= this->slots()) {
    return;
  }
  for (std::vector<Tensor>* all : {&keys_, &values_}) {
    for (Tensor& x_RSGE : *all) {
      x_RSGE = at::constant_pad_nd(x_RSGE, {0, 0, 0, 0, 0, more});
    }
  }
}

KvCache KvCache::Rows(int64_t first, int64_t count) const {
  KvCache view;
  for (size_t i = 0; i < keys_.size(); ++i) {
    view.keys_.push_back(keys_[i].narrow(0, first, count));
    view.values_.push_back(values_[i].narrow(0, first, count));
  }
  return view;
}

std::pair<Tensor, Tensor> KvCache::Extend(int64_t layer, const Tensor& k_BTGE, const Tensor& v_BTGE,
                                          const Tensor& position_BT, int64_t slots) {
  TORCH_CHECK(slots <= this->slots(), "cache of ", this->slots(), " slots asked for ", slots);
  Tensor& keys = keys_[layer];
  Tensor& values = values_[layer];
  if (position_BT.size(0) == 1 && position_BT.size(1) == 1) {  // one row decoding: no index tensors
    keys.select(1, slots - 1).copy_(k_BTGE.select(1, 0));
    values.select(1, slots - 1).copy_(v_BTGE.select(1, 0));
  } else {
    const Tensor row_B1 = at::arange(position_BT.size(0), position_BT.options()).unsqueeze(1);
    keys.index_put_({row_B1, position_BT}, k_BTGE.to(keys.dtype()));
    values.index_put_({row_B1, position_BT}, v_BTGE.to(values.dtype()));
  }
  return {keys.narrow(1, 0, slots), values.narrow(1, 0, slots)};
}

}  // namespace tessera
