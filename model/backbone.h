// The transformer, as Llama (Touvron et al. 2023): RMSNorm, rotary positions, SwiGLU, grouped-query
// attention, no biases; names and layout of the weights are Hugging Face's, so that public
// checkpoints load. Queries and keys are normalised a head if asked (names as in Qwen3). B = rows,
// T = slots, W = width.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <memory>
#include <vector>

#include "model/config.h"
#include "model/kv_cache.h"
#include "ops/rotary.h"

namespace tessera {

// What a pass leaves behind for those that look inside.
struct Trace {
  std::vector<Tensor> state_BTW;       // what each layer reads, then what the last one leaves
  std::vector<Tensor> attention_BHTS;  // of each layer: AttentionWeights
};

// What all layers share about the slots of a batch.
struct Slots {
  Rotary rotary;
  Tensor
      bias_B1TS;  // attention mask, see ops/attention.h; with a cache visible_to_BT stands for it
  Tensor position_BT;
  Tensor visible_to_BT;
  Tensor visible_from_BT;    // undefined: 0 everywhere
  KvCache* cache = nullptr;  // reads and writes this if set
  int64_t cached = 0;        // slots of the cache in use, these included
  Trace* trace = nullptr;    // is added to if set
};

class DecoderLayer;

class Backbone : public torch::nn::Module {
 public:
  explicit Backbone(const ModelConfig& config);

  // x_BTW are embedded slots; returns the normed hidden states [B, T, W].
  Tensor Forward(Tensor x_BTW, const Slots& slots);

  // The same, but only fills the cache, for which the last layer has nothing to do but its keys and
  // values.
  void Remember(Tensor x_BTW, const Slots& slots);

  // The last norm, with which a state of any layer can be read as the last one is.
  Tensor Norm(const Tensor& x_BTW) const;

 private:
  std::vector<std::shared_ptr<DecoderLayer>> layers_;
  Tensor norm_;
};

}  // namespace tessera
