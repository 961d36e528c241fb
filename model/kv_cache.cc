#include "model/kv_cache.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace tessera {

using torch::Tensor;

namespace {

// from_BTGE to position_BT of to_BSGE, one row to a row.
void Write(const Tensor& from_BTGE, const Tensor& position_BT, Tensor& to_BSGE) {
  const Tensor from = from_BTGE.to(to_BSGE.dtype()).contiguous();
  if (!from.is_cpu() || at::GradMode::is_enabled()) {
    const Tensor row_B1 = at::arange(from.size(0), position_BT.options()).unsqueeze(1);
    to_BSGE.index_put_({row_B1, position_BT}, from);
    return;
  }
  // With an index it takes longer to say what goes where than to copy it.
  const Tensor position = position_BT.contiguous();
  const int64_t slot_bytes = from[0][0].numel() * from.element_size();
  const int64_t row_bytes = to_BSGE.stride(0) * to_BSGE.element_size();
  const auto* source = static_cast<const std::byte*>(from.const_data_ptr());
  auto* target = static_cast<std::byte*>(to_BSGE.mutable_data_ptr());
  for (int64_t row = 0, i = 0; row < from.size(0); ++row) {
    for (int64_t t = 0; t < from.size(1); ++t, ++i) {
      const int64_t slot = position.const_data_ptr<int64_t>()[i];
      TORCH_CHECK(slot >= 0 && slot < to_BSGE.size(1), "no slot ", slot, " in the cache");
      std::memcpy(target + row * row_bytes + slot * slot_bytes, source + i * slot_bytes,
                  slot_bytes);
    }
  }
}

}  // namespace

KvCache::KvCache(int64_t layers, torch::IntArrayRef shape_RSGE, torch::TensorOptions options)
    : rows_(shape_RSGE[0]), used_(shape_RSGE[1]) {
  for (int64_t i = 0; i < layers; ++i) {
    keys_.push_back(at::zeros(shape_RSGE, options));
    values_.push_back(at::zeros(shape_RSGE, options));
  }
}

void KvCache::Use(int64_t slots) {
  if (slots > room()) {
    const int64_t more = std::max(slots, 2 * room()) - room();
    for (std::vector<Tensor>* all : {&keys_, &values_}) {
      for (Tensor& x_RSGE : *all) {
        x_RSGE = at::constant_pad_nd(x_RSGE, {0, 0, 0, 0, 0, more});
      }
    }
  }
  used_ = slots;
}

void KvCache::AppendRows(int64_t count) {
  rows_ += count;
  const int64_t old = keys_.front().size(0);
  if (rows_ > old) {
    const int64_t more = std::max(rows_, 2 * old) - old;
    for (std::vector<Tensor>* all : {&keys_, &values_}) {
      for (Tensor& x_RSGE : *all) {
        x_RSGE = at::constant_pad_nd(x_RSGE, {0, 0, 0, 0, 0, 0, 0, more});
      }
    }
  }
}

void KvCache::SwapRows(int64_t a, int64_t b) {
  for (std::vector<Tensor>* all : {&keys_, &values_}) {
    for (const Tensor& x_RSGE : *all) {
      const Tensor kept_SGE = x_RSGE[a].clone();
      x_RSGE[a].copy_(x_RSGE[b]);
      x_RSGE[b].copy_(kept_SGE);
    }
  }
}

KvCache KvCache::Rows(int64_t first, int64_t count) const {
  TORCH_CHECK(first >= 0 && first + count <= rows_, "no rows ", first, " to ", first + count);
  KvCache view;
  view.rows_ = count;
  view.used_ = used_;
  for (size_t i = 0; i < keys_.size(); ++i) {
    view.keys_.push_back(keys_[i].narrow(0, first, count));
    view.values_.push_back(values_[i].narrow(0, first, count));
  }
  return view;
}

void KvCache::TakeRows(const std::vector<int64_t>& from_R) {
  const Tensor index_R = torch::tensor(from_R, keys_.front().device());
  for (std::vector<Tensor>* all : {&keys_, &values_}) {
    for (const Tensor& x_RSGE : *all) {
      const Tensor used_RSGE = x_RSGE.narrow(1, 0, used_);
      used_RSGE.copy_(at::index_select(used_RSGE, 0, index_R));
    }
  }
}

std::pair<Tensor, Tensor> KvCache::Extend(int64_t layer, const Tensor& k_BTGE, const Tensor& v_BTGE,
                                          const Tensor& position_BT) {
  Tensor& keys = keys_[layer];
  Tensor& values = values_[layer];
  Write(k_BTGE, position_BT, keys);
  Write(v_BTGE, position_BT, values);
  return At(layer);
}

std::pair<Tensor, Tensor> KvCache::At(int64_t layer) const {
  return {keys_[layer].narrow(1, 0, used_), values_[layer].narrow(1, 0, used_)};
}

}  // namespace tessera
