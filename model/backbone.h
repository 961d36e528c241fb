// The transformer, as Llama (Touvron et al. 2023): RMSNorm, rotary positions, SwiGLU, grouped-query
// attention. Names and layout of the weights are those of Hugging Face's Llama. If asked, queries,
// keys and values have biases, under the names of Qwen2, and queries and keys are normalised a
// head, under those of Qwen3. B = rows, T = slots, W =
// width, H = heads, G = key-value heads, E = numbers a head, F = inner width of the SwiGLU layers.
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

// What the attention of all layers shares about the slots of a batch.
struct AttentionInput {
  Rotary rotary;
  Tensor
      bias_B1TS;  // attention mask, see ops/attention.h; with a cache visible_to_BT stands for it
  Tensor position_BT;
  Tensor visible_to_BT;
  Tensor visible_from_BT;    // undefined: 0 everywhere
  KvCache* cache = nullptr;  // reads and writes this if set
  Trace* trace = nullptr;    // is added to if set
};

// The weights of one layer, as views: whoever computes a layer by other means reads them here.
struct LayerWeights {
  Tensor attention_norm_W;
  Tensor q_HEW, k_GEW, v_GEW;              // [H E, W], [G E, W], [G E, W]
  Tensor q_bias_HE, k_bias_GE, v_bias_GE;  // undefined without qkv_bias
  Tensor o_WHE;                            // [W, H E]
  Tensor q_norm_E, k_norm_E;               // undefined without qk_norm
  Tensor mlp_norm_W;
  Tensor gate_FW, up_FW, down_WF;
};

// The rotation of slots with these coordinates.
Rotary RotaryOf(const ModelConfig& config, const Tensor& rotary_coordinate_BT2, torch::Dtype dtype);

struct BackboneWeights {
  std::vector<LayerWeights> layers;
  Tensor norm_W;
};

class DecoderLayer;

class Backbone : public torch::nn::Module {
 public:
  explicit Backbone(const ModelConfig& config);

  // x_BTW are embedded slots; returns the normed hidden states [B, T, W].
  Tensor Forward(Tensor x_BTW, const AttentionInput& input);

  // Fills the cache as Forward does and returns nothing, for which the last layer has nothing to do
  // but its keys and values.
  void Remember(Tensor x_BTW, const AttentionInput& input);

  BackboneWeights weights() const;

  // The last norm, with which a state of any layer can be read as the last one is.
  Tensor Norm(const Tensor& x_BTW) const;

 private:
  double norm_epsilon_;
  std::vector<std::shared_ptr<DecoderLayer>> layers_;
  Tensor norm_;
};

}  // namespace tessera
