#include "model/backbone.h"

#include <ATen/Functions.h>
#include <torch/nn/modules/container/modulelist.h>

#include <cmath>
#include <utility>

#include "ops/attention.h"
#include "ops/first_values.h"
#include "ops/linear.h"
#include "ops/norm.h"
#include "ops/parameter_role.h"
#include "ops/swiglu.h"

namespace tessera {
namespace {

// A weight as Hugging Face names it: a module whose parameter is called "weight", beside which may
// stand a "bias".
class Weight : public ModuleWithRoles {
 public:
  explicit Weight(Tensor value)
      : value_(RegisterParameter("weight", std::move(value), ParameterRole::kHidden)) {}
  void AddBias() {
    bias_ = RegisterParameter("bias", at::zeros({value_.size(0)}), ParameterRole::kHidden);
  }
  operator const Tensor&() const { return value_; }
  const Tensor& bias() const { return bias_; }  // undefined if there is none

 private:
  Tensor value_, bias_;
};

std::shared_ptr<Weight> Matrix(int64_t out, int64_t in, double gain = 1) {
  return std::make_shared<Weight>(Gaussian({out, in}, gain / std::sqrt(double(in))));
}

std::shared_ptr<Weight> Ones(int64_t size) { return std::make_shared<Weight>(at::ones({size})); }

}  // namespace

class SelfAttention : public torch::nn::Module {
 public:
  SelfAttention(const ModelConfig& config, double residual_gain)
      : heads_(config.heads),
        kv_heads_(config.kv_heads),
        head_dim_(config.head_size()),
        norm_epsilon_(config.norm_epsilon),
        q_(register_module("q_proj", Matrix(heads_ * head_dim_, config.width))),
        k_(register_module("k_proj", Matrix(kv_heads_ * head_dim_, config.width))),
        v_(register_module("v_proj", Matrix(kv_heads_ * head_dim_, config.width))),
        o_(register_module("o_proj", Matrix(config.width, heads_ * head_dim_, residual_gain))) {
    if (config.qk_norm) {
      q_norm_ = register_module("q_norm", Ones(head_dim_));
      k_norm_ = register_module("k_norm", Ones(head_dim_));
    }
    if (config.qkv_bias) {
      q_->AddBias();
      k_->AddBias();
      v_->AddBias();
    }
  }

  Tensor Forward(const Tensor& x_BTW, const AttentionInput& input, int64_t layer) {
    const Tensor q_BTHE = Turned(Split(x_BTW, *q_, heads_), q_norm_, input);
    const auto [k_BSGE, v_BSGE] = KeysAndValues(x_BTW, input, layer);
    if (input.cache != nullptr) {
      return Linear(
          CachedAttention(q_BTHE, k_BSGE, v_BSGE, input.visible_to_BT, input.visible_from_BT)
              .flatten(2),
          *o_);
    }
    if (input.trace != nullptr) {
      input.trace->attention_BHTS.push_back(AttentionWeights(q_BTHE, k_BSGE, input.bias_B1TS));
    }
    return Linear(Attention(q_BTHE, k_BSGE, v_BSGE, input.bias_B1TS).flatten(2), *o_);
  }

  // Returns the keys and values of the slots read now or, with a cache, of all so far.
  std::pair<Tensor, Tensor> KeysAndValues(const Tensor& x_BTW, const AttentionInput& input,
                                          int64_t layer) {
    const Tensor k_BTGE = Turned(Split(x_BTW, *k_, kv_heads_), k_norm_, input);
    const Tensor v_BTGE = Split(x_BTW, *v_, kv_heads_);
    return input.cache == nullptr ? std::pair(k_BTGE, v_BTGE)
                                  : input.cache->Extend(layer, k_BTGE, v_BTGE, input.position_BT);
  }

  void AddWeights(LayerWeights* weights) const {
    weights->q_HEW = *q_;
    weights->k_GEW = *k_;
    weights->v_GEW = *v_;
    weights->q_bias_HE = q_->bias();
    weights->k_bias_GE = k_->bias();
    weights->v_bias_GE = v_->bias();
    weights->o_WHE = *o_;
    if (q_norm_ != nullptr) {
      weights->q_norm_E = *q_norm_;
      weights->k_norm_E = *k_norm_;
    }
  }

 private:
  Tensor Split(const Tensor& x_BTW, const Weight& weight, int64_t heads) const {
    return Linear(x_BTW, weight, weight.bias()).unflatten(-1, {heads, head_dim_});
  }

  Tensor Turned(const Tensor& x_BTHE, const std::shared_ptr<Weight>& norm,
                const AttentionInput& input) const {
    return Rotate(norm ? RmsNorm(x_BTHE, *norm, norm_epsilon_) : x_BTHE, input.rotary);
  }

  int64_t heads_, kv_heads_, head_dim_;
  double norm_epsilon_;
  std::shared_ptr<Weight> q_, k_, v_, o_, q_norm_, k_norm_;
};

// SwiGLU (Shazeer 2020): down(silu(gate x) * up x).
class GatedMlp : public torch::nn::Module {
 public:
  GatedMlp(int64_t width, int64_t inner, double residual_gain)
      : gate_(register_module("gate_proj", Matrix(inner, width))),
        up_(register_module("up_proj", Matrix(inner, width))),
        down_(register_module("down_proj", Matrix(width, inner, residual_gain))) {}

  Tensor Forward(const Tensor& x_BTW) {
    return Linear(SwiGlu(Linear(x_BTW, *gate_), Linear(x_BTW, *up_)), *down_);
  }

  void AddWeights(LayerWeights* weights) const {
    weights->gate_FW = *gate_;
    weights->up_FW = *up_;
    weights->down_WF = *down_;
  }

 private:
  std::shared_ptr<Weight> gate_, up_, down_;
};

class DecoderLayer : public torch::nn::Module {
 public:
  DecoderLayer(const ModelConfig& config, double residual_gain)
      : norm_epsilon_(config.norm_epsilon),
        attention_norm_(register_module("input_layernorm", Ones(config.width))),
        attention_(
            register_module("self_attn", std::make_shared<SelfAttention>(config, residual_gain))),
        mlp_norm_(register_module("post_attention_layernorm", Ones(config.width))),
        mlp_(register_module(
            "mlp", std::make_shared<GatedMlp>(config.width, config.ffn, residual_gain))) {}

  Tensor Forward(const Tensor& x_BTW, const AttentionInput& input, int64_t layer) {
    const Tensor y_BTW =
        x_BTW + attention_->Forward(RmsNorm(x_BTW, *attention_norm_, norm_epsilon_), input, layer);
    return y_BTW + mlp_->Forward(RmsNorm(y_BTW, *mlp_norm_, norm_epsilon_));
  }

  void Remember(const Tensor& x_BTW, const AttentionInput& input, int64_t layer) {
    attention_->KeysAndValues(RmsNorm(x_BTW, *attention_norm_, norm_epsilon_), input, layer);
  }

  LayerWeights weights() const {
    LayerWeights weights;
    weights.attention_norm_W = *attention_norm_;
    weights.mlp_norm_W = *mlp_norm_;
    attention_->AddWeights(&weights);
    mlp_->AddWeights(&weights);
    return weights;
  }

 private:
  double norm_epsilon_;
  std::shared_ptr<Weight> attention_norm_;
  std::shared_ptr<SelfAttention> attention_;
  std::shared_ptr<Weight> mlp_norm_;
  std::shared_ptr<GatedMlp> mlp_;
};

Rotary RotaryOf(const ModelConfig& config, const Tensor& rotary_coordinate_BT2,
                torch::Dtype dtype) {
  const RopeScalingConfig& scaling = config.rope_scaling;
  return MakeRotary(rotary_coordinate_BT2, config.head_size(),
                    {.theta = config.rope_theta,
                     .factor = scaling.factor,
                     .low = scaling.low,
                     .high = scaling.high,
                     .context = static_cast<double>(scaling.context)},
                    dtype);
}

Backbone::Backbone(const ModelConfig& config) : norm_epsilon_(config.norm_epsilon) {
  // Each layer adds twice to the residual stream, whose variance then stays of order one.
  const double residual_gain = 1 / std::sqrt(2.0 * config.layers);
  torch::nn::ModuleList list;
  for (int64_t i = 0; i < config.layers; ++i) {
    layers_.push_back(std::make_shared<DecoderLayer>(config, residual_gain));
    list->push_back(layers_.back());
  }
  register_module("layers", list);
  norm_ = *register_module("norm", Ones(config.width));
}

Tensor Backbone::Forward(Tensor x_BTW, const AttentionInput& input) {
  const auto record = [&] {
    if (input.trace != nullptr) {
      input.trace->state_BTW.push_back(x_BTW);
    }
  };
  record();
  for (size_t i = 0; i < layers_.size(); ++i) {
    x_BTW = layers_[i]->Forward(x_BTW, input, static_cast<int64_t>(i));
    record();
  }
  return Norm(x_BTW);
}

void Backbone::Remember(Tensor x_BTW, const AttentionInput& input) {
  const int64_t last = std::ssize(layers_) - 1;
  for (int64_t i = 0; i < last; ++i) {
    x_BTW = layers_[i]->Forward(x_BTW, input, i);
  }
  layers_[last]->Remember(x_BTW, input, last);
}

BackboneWeights Backbone::weights() const {
  BackboneWeights weights;
  for (const std::shared_ptr<DecoderLayer>& layer : layers_) {
    weights.layers.push_back(layer->weights());
  }
  weights.norm_W = norm_;
  return weights;
}

Tensor Backbone::Norm(const Tensor& x_BTW) const { return RmsNorm(x_BTW, norm_, norm_epsilon_); }

}  // namespace tessera
