// y = x W^T + b, the one door to matrix products of layers, and changes of low rank that it adds.
#pragma once

#include <torch/types.h>

#include <unordered_map>

namespace tessera {

using torch::Tensor;

// x [..., I], weight [O, I], bias [O] or undefined -> [..., O]. A weight in bf16 that needs no
// gradient may meet an x of another type: its numbers are widened for the product.
Tensor Linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

// A change of rank R to a matrix: y = x W^T + scale (x A^T) B^T + b.
struct LowRankChange {
  Tensor a_RI, b_OR;
  double scale = 1;
  Tensor kept_I = {};  // undefined, or factors of the inputs that A reads
};

// By the storage of each W, so that a product with some rows of W gets those of B.
using LowRankChanges = std::unordered_map<const c10::StorageImpl*, LowRankChange>;

// While it lives, Linear makes these changes on this thread; so no module knows of them.
class LowRankScope {
 public:
  explicit LowRankScope(LowRankChanges changes);
  ~LowRankScope();
  LowRankScope(const LowRankScope&) = delete;
  LowRankScope& operator=(const LowRankScope&) = delete;

 private:
  LowRankChanges changes_;
  const LowRankChanges* before_;
};

}  // namespace tessera
