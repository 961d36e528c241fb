// The model with packed weights (ops/packed_linear.h), for generation: hidden states of few slots
// that continue a cache, and logits, without a library's call a product. It computes on the CPU in
// float and is equal to the model but for the order of its sums, or for its rounded weights.
// Weights are packed when it is made; what changes them later is not seen. B = rows, T = slots a
// row, N = some slots, W = width, V = ids.
#pragma once

#include <memory>

#include "model/model.h"

namespace tessera {

class PackedModel {
 public:
  // Whether there is one: the model is on the CPU and its weights are floats.
  static bool Supports(const Model& model);

  // The model must outlive it.
  PackedModel(const Model& model, WeightStorage storage);
  ~PackedModel();

  // What Model::Hidden returns where row b of the input continues row b of the cache: [B, T, W].
  Tensor Hidden(const ModelInput& input, KvCache& cache);

  Tensor TextLogits(const Tensor& h_NW);  // -> [N, V]

 private:
  struct Layers;

  const Model& model_;
  std::unique_ptr<Layers> layers_;
};

}  // namespace tessera
