// N = slots of all rows, W = width, H = heads, G = key-value heads, E = numbers a head, F = inner
// width of the SwiGLU layers.
#include "model/packed_model.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <vector>

#include "ops/packed_linear.h"
#include "ops/rotary.h"

namespace tessera {
namespace {

struct HeadShape {
  int64_t heads, kv_heads, dim;
};

// The slots of a pass, row by row.
struct PackedSlots {
  int64_t rows, row_slots;
  Tensor position_BT, visible_to_BT, visible_from_BT;
  Rotary rotary;

  int64_t count() const { return rows * row_slots; }
};

const float* Floats(const Tensor& x) { return x.const_data_ptr<float>(); }

void NormRows(const RowsOf<const float>& x, const Tensor& weight_W, double epsilon,
              const RowsOf<float>& y) {
  ForEachRow(x.count, [&](int64_t n) {
    float inverse_rms;
    kernels::RmsNorm<float, float>{x[n], Floats(weight_W), y[n], &inverse_rms}.Run(
        {1, weight_W.size(0)}, epsilon);
  });
}

// y += x W^T.
void AddLinear(const PackedLinear& linear, const RowsOf<const float>& x, const RowsOf<float>& sum,
               const RowsOf<float>& y) {
  linear.ForPanels(x.count, [&](int64_t first, int64_t last) {
    linear.Multiply(x, sum, first, last);
    const int64_t begin = first * kernels::kPanel;
    const int64_t count = std::min(last * kernels::kPanel, y.stride) - begin;
    for (int64_t n = 0; n < x.count; ++n) {
      kernels::AddTo(count, sum[n] + begin, y[n] + begin);
    }
  });
}

// Numbers between the operations of a layer.
struct Between {
  Scratch normed, qkv, attention, gate, up, sum;
};

class PackedLayer {
 public:
  PackedLayer(const LayerWeights& w, const ModelConfig& config, WeightStorage storage)
      : shape_{config.heads, config.kv_heads, config.head_size()},
        norm_epsilon_(config.norm_epsilon),
        attention_norm_W_(w.attention_norm_W.contiguous()),
        mlp_norm_W_(w.mlp_norm_W.contiguous()),
        q_norm_E_(w.q_norm_E),
        k_norm_E_(w.k_norm_E),
        qkv_(w.q_bias_HE.defined()
                 ? PackedLinear(at::cat({w.q_HEW, w.k_GEW, w.v_GEW}),
                                at::cat({w.q_bias_HE, w.k_bias_GE, w.v_bias_GE}), storage)
                 : PackedLinear({w.q_HEW, w.k_GEW, w.v_GEW}, storage)),
        o_(w.o_WHE, {}, storage),
        gate_(w.gate_FW, {}, storage),
        up_(w.up_FW, {}, storage),
        down_(w.down_WF, {}, storage) {}

  // Adds to x what the layer adds, and to the cache its keys and values.
  void Forward(const RowsOf<float>& x, const PackedSlots& slots,
               const std::pair<Tensor, Tensor>& cache_BSGE, Between& between) const {
    const RowsOf<float> normed = between.normed.Rows(x.count, x.stride);
    const RowsOf<float> sum = between.sum.Rows(x.count, o_.stride());
    const RowsOf<float> qkv = between.qkv.Rows(x.count, qkv_.stride());
    const RowsOf<float> y = between.attention.Rows(x.count, shape_.heads * shape_.dim);
    NormRows(x, attention_norm_W_, norm_epsilon_, normed);
    qkv_.Multiply(normed, qkv);
    Remember(qkv, slots, cache_BSGE);
    Attend(qkv, slots, cache_BSGE, y);
    AddLinear(o_, y, sum, x);
    NormRows(x, mlp_norm_W_, norm_epsilon_, normed);
    const RowsOf<float> gate = between.gate.Rows(x.count, gate_.stride());
    const RowsOf<float> up = between.up.Rows(x.count, gate_.stride());
    gate_.ForPanels(2 * x.count, [&](int64_t first, int64_t last) {
      gate_.Multiply(normed, gate, first, last);
      up_.Multiply(normed, up, first, last);
      const int64_t begin = first * kernels::kPanel, count = (last - first) * kernels::kPanel;
      for (int64_t n = 0; n < x.count; ++n) {
        kernels::SwiGlu<float>(count, gate[n] + begin, up[n] + begin, gate[n] + begin);
      }
    });
    AddLinear(down_, gate, sum, x);
  }

 private:
  // Turns queries and keys in place, and writes keys and values where they belong.
  void Remember(const RowsOf<float>& qkv, const PackedSlots& slots,
                const std::pair<Tensor, Tensor>& cache_BSGE) const {
    const auto [keys, values] = cache_BSGE;
    const int64_t dim = shape_.dim, turned = shape_.heads + shape_.kv_heads;
    const int64_t stored = shape_.kv_heads * dim;
    ForEachRow(qkv.count, [&](int64_t n) {
      float* const k = qkv[n] + shape_.heads * dim;
      if (q_norm_E_.defined()) {
        NormHeads(q_norm_E_, shape_.heads, qkv[n]);
        NormHeads(k_norm_E_, shape_.kv_heads, k);
      }
      kernels::Rotation<float>{qkv[n],
                               Floats(slots.rotary.cos_BT1E) + n * dim,
                               Floats(slots.rotary.sin_BT1E) + n * dim,
                               turned,
                               /*inverse=*/false,
                               qkv[n]}
          .Run({1, dim});
      const int64_t slot = slots.position_BT.const_data_ptr<int64_t>()[n];
      const int64_t place = n / slots.row_slots * keys.stride(0) + slot * keys.stride(1);
      std::copy_n(k, stored, keys.mutable_data_ptr<float>() + place);
      std::copy_n(k + stored, stored, values.mutable_data_ptr<float>() + place);
    });
  }

  void NormHeads(const Tensor& weight_E, int64_t heads, float* x) const {
    for (int64_t head = 0; head < heads; ++head) {
      float inverse_rms;
      kernels::RmsNorm<float, float>{x + head * shape_.dim, Floats(weight_E), x + head * shape_.dim,
                                     &inverse_rms}
          .Run({1, shape_.dim}, norm_epsilon_);
    }
  }

  // A key-value head of a slot is what a thread does at once.
  void Attend(const RowsOf<const float>& q, const PackedSlots& slots,
              const std::pair<Tensor, Tensor>& cache_BSGE, const RowsOf<float>& y) const {
    constexpr int64_t kProductsAlone = 1 << 14;
    const auto [keys, values] = cache_BSGE;
    const int64_t all = keys.size(1), dim = shape_.dim, share = shape_.heads / shape_.kv_heads;
    const bool few = q.count * shape_.heads * all * dim < kProductsAlone;
    const auto attend = [&](int64_t first, int64_t last) {
      thread_local std::vector<float> weight;
      weight.resize(static_cast<size_t>(share * all));
      for (int64_t i = first; i < last; ++i) {
        const int64_t n = i / shape_.kv_heads, head = i % shape_.kv_heads;
        const int64_t place = n / slots.row_slots * keys.stride(0) + head * dim;
        kernels::RowAttention{.heads = share,
                              .kv_heads = 1,
                              .dim = dim,
                              .q = q[n] + head * share * dim,
                              .stride = keys.stride(1),
                              .k = Floats(keys) + place,
                              .v = Floats(values) + place,
                              .since = slots.visible_from_BT.const_data_ptr<int64_t>() + n,
                              .seen = slots.visible_to_BT.const_data_ptr<int64_t>() + n,
                              .slots = all,
                              .weight = weight.data(),
                              .y = y[n] + head * share * dim}
            .Run(1);
      }
    };
    ThreadTeam::Shared().Run(few ? 1 : at::get_num_threads(), q.count * shape_.kv_heads, attend);
  }

  HeadShape shape_;
  double norm_epsilon_;
  Tensor attention_norm_W_, mlp_norm_W_, q_norm_E_, k_norm_E_;
  PackedLinear qkv_, o_, gate_, up_, down_;
};

}  // namespace

struct PackedModel::Layers {
  std::vector<PackedLayer> list;
  Tensor norm_W;
  PackedLinear text;
  Between between;
};

bool PackedModel::Supports(const Model& model) {
  return model.text_matrix().is_cpu() && model.text_matrix().scalar_type() == torch::kFloat32;
}

PackedModel::PackedModel(const Model& model, WeightStorage storage) : model_(model) {
  const torch::NoGradGuard no_grad;
  const ModelConfig& config = model.config();
  const BackboneWeights weights = model.backbone().weights();
  layers_.reset(new Layers{{},
                           weights.norm_W.detach().contiguous(),
                           PackedLinear(model.text_matrix(), {}, storage),
                           {}});
  for (const LayerWeights& layer : weights.layers) {
    layers_->list.emplace_back(layer, config, storage);
  }
}

PackedModel::~PackedModel() = default;

Tensor PackedModel::Hidden(const ModelInput& input, KvCache& cache) {
  const ModelConfig& config = model_.config();
  const Tensor x_BTW = model_.Embed(input, {}).contiguous();
  const PackedSlots slots = {input.rows(),
                             input.slots(),
                             input.position_BT.contiguous(),
                             input.visible_to_BT.contiguous(),
                             input.visible_from_BT.defined() ? input.visible_from_BT.contiguous()
                                                             : at::zeros_like(input.visible_to_BT),
                             RotaryOf(config, input.rotary_coordinate_BT2, torch::kFloat32)};
  TORCH_CHECK(slots.position_BT.max().item<int64_t>() < cache.At(0).first.size(1),
              "the cache has no room for the slots");
  const RowsOf<float> x = {x_BTW.mutable_data_ptr<float>(), config.width, slots.count()};
  for (size_t i = 0; i < layers_->list.size(); ++i) {
    layers_->list[i].Forward(x, slots, cache.At(static_cast<int64_t>(i)), layers_->between);
  }
  const Tensor h_BTW = at::empty_like(x_BTW);
  NormRows(x, layers_->norm_W, config.norm_epsilon,
           {h_BTW.mutable_data_ptr<float>(), config.width, slots.count()});
  return h_BTW;
}

Tensor PackedModel::TextLogits(const Tensor& h_NW) {
  const PackedLinear& text = layers_->text;
  const Tensor x_NW = h_NW.contiguous();
  const Tensor y = at::empty({x_NW.size(0), text.stride()}, x_NW.options());
  const RowsOf<const float> in = {Floats(x_NW), x_NW.size(1), x_NW.size(0)};
  const RowsOf<float> out = {y.mutable_data_ptr<float>(), text.stride(), x_NW.size(0)};
  text.Multiply(in, out);
  return y.narrow(1, 0, model_.vocabulary().size());
}

}  // namespace tessera
