// N = patches, D = numbers a patch, O = outputs a patch, Z = width of the condition, W = width, B =
// guidance conditions, R = B N rows.
#include "heads/diffusion/packed_denoiser.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <optional>

#include "heads/guidance_conditions.h"
#include "ops/packed_linear.h"

namespace tessera {
namespace {

// Modulations of so many numbers are computed at once: 4 MB stay in a cache.
constexpr int64_t kPreparedNumbers = int64_t{1} << 20;

const float* Floats(const Tensor& x) { return x.const_data_ptr<float>(); }

RowsOf<const float> RowsIn(const Tensor& x_NI) {
  return {Floats(x_NI), x_NI.size(1), x_NI.size(0)};
}

PackedLinear Pack(const LinearWeights& weights, WeightStorage storage) {
  return {weights.weight_OI, weights.bias_O, storage};
}

// The parts of the denoiser, and room for the numbers between them.
struct PackedParts {
  struct Block {
    PackedLinear up, down;
  };
  DenoiserShape shape;
  PackedLinear patch, condition, modulation, output;
  std::vector<Block> blocks = {};
  Scratch state = {}, normed = {}, inner = {}, update = {}, result = {};

  // y = the normed rows of a, scaled and shifted by this part of their modulations and the next.
  void Modulate(const RowsOf<const float>& a, const RowsOf<const float>& modulation, int64_t part,
                const RowsOf<float>& y) const {
    ForEachRow(a.count, [&](int64_t row) {
      const float* const shift = modulation[row] + part * shape.width;
      float mean, inverse_std;
      kernels::Modulation<float>{a[row], shift, shift + shape.width, /*stride=*/0,
                                 y[row], &mean, &inverse_std}
          .Run({1, shape.width}, kDenoiserNormEpsilon);
    });
  }

  // a += gate * block(y), the gate being this part of the modulations.
  void AddBlock(const Block& block, const RowsOf<const float>& y,
                const RowsOf<const float>& modulation, int64_t gate, const RowsOf<float>& a) {
    const RowsOf<float> h = inner.Rows(y.count, block.up.stride());
    const RowsOf<float> sum = update.Rows(y.count, block.down.stride());
    block.up.ForPanels(y.count, [&](int64_t first, int64_t last) {
      block.up.Multiply(y, h, first, last);
      for (int64_t row = 0; row < y.count; ++row) {
        kernels::Silu((last - first) * kernels::kPanel, h[row] + first * kernels::kPanel);
      }
    });
    block.down.ForPanels(y.count, [&](int64_t first, int64_t last) {
      block.down.Multiply(h, sum, first, last);
      const int64_t begin = first * kernels::kPanel;
      const int64_t count = std::min(last * kernels::kPanel, shape.width) - begin;
      for (int64_t row = 0; row < y.count; ++row) {
        kernels::AddProduct(count, modulation[row] + gate * shape.width + begin, sum[row] + begin,
                            a[row] + begin);
      }
    });
  }

  // Denoiser::Denoise of N patches under their R modulations.
  RowsOf<const float> Denoise(const RowsOf<const float>& x, const RowsOf<const float>& modulation) {
    const RowsOf<float> a = state.Rows(modulation.count, patch.stride());
    const RowsOf<float> y = normed.Rows(modulation.count, shape.width);
    patch.Multiply(x, a);
    for (int64_t row = x.count; row < a.count; ++row) {
      std::copy_n(a[row % x.count], shape.width, a[row]);
    }
    int64_t part = 0;
    for (const Block& block : blocks) {
      Modulate(a, modulation, part, y);
      AddBlock(block, y, modulation, part + 2, a);
      part += 3;
    }
    Modulate(a, modulation, part, y);
    const RowsOf<float> out = result.Rows(a.count, output.stride());
    output.Multiply(y, out);
    return out;
  }
};

// Guidance conditions of N patches, and the modulations of some levels under them.
class PackedConditions {
 public:
  PackedConditions(PackedParts& parts, const Tensor& time_SW,
                   const std::vector<GuidanceCondition>& guidance)
      : parts_(parts),
        time_SW_(time_SW),
        weight_BN_(StackOf(guidance, &GuidanceCondition::weight_N1)
                       .squeeze(2)
                       .to(torch::kFloat32)
                       .contiguous()) {
    const Tensor z_RZ = StackOf(guidance, &GuidanceCondition::z_NZ).flatten(0, 1).contiguous();
    embedded_ = condition_.Rows(z_RZ.size(0), parts.condition.stride());
    parts.condition.Multiply(RowsIn(z_RZ), embedded_);
  }

  // The guided sum of the outputs at a level (GuidedSum).
  Tensor Output(const Tensor& x_ND, int64_t level) {
    const int64_t patches = x_ND.size(0), dim = x_ND.size(1), outputs = parts_.shape.output_dim;
    const RowsOf<const float> out = parts_.Denoise(RowsIn(x_ND), ModulationAt(level));
    const Tensor sum_NO = at::empty({patches, outputs}, x_ND.options());
    const bool guided = weight_BN_.size(0) > 1;
    for (int64_t n = 0; n < patches; ++n) {
      float* const sum = sum_NO.mutable_data_ptr<float>() + n * outputs;
      std::copy_n(out[n], outputs, sum);
      for (int64_t i = 0; guided && i < dim; ++i) {
        sum[i] = 0;
        for (int64_t row = n; row < out.count; row += patches) {
          sum[i] += Floats(weight_BN_)[row] * out[row][i];
        }
      }
    }
    return sum_NO;
  }

 private:
  RowsOf<const float> ModulationAt(int64_t level) {
    const int64_t rows = embedded_.count;
    if (level < first_ || level >= end_) {
      const int64_t most = std::max<int64_t>(
          1, kPreparedNumbers / std::max<int64_t>(1, rows * parts_.modulation.stride()));
      first_ = level;
      end_ = std::min(level + most, time_SW_.size(0));
      Prepare();
    }
    const RowsOf<float> all = modulation_.Rows((end_ - first_) * rows, parts_.modulation.stride());
    return {all[(level - first_) * rows], all.stride, rows};
  }

  // Denoiser::Modulate of the levels [first_, end_) and all rows.
  void Prepare() {
    const int64_t rows = embedded_.count, width = parts_.shape.width;
    const int64_t count = (end_ - first_) * rows;
    const RowsOf<float> sum = embedding_.Rows(count, width);
    ForEachRow(count, [&](int64_t i) {
      std::copy_n(Floats(time_SW_) + (first_ + i / rows) * width, width, sum[i]);
      kernels::AddTo(width, embedded_[i % rows], sum[i]);
      kernels::Silu(width, sum[i]);
    });
    parts_.modulation.Multiply(sum, modulation_.Rows(count, parts_.modulation.stride()));
  }

  PackedParts& parts_;
  Tensor time_SW_, weight_BN_;
  Scratch condition_, embedding_, modulation_;
  RowsOf<float> embedded_;       // [R, W]
  int64_t first_ = 0, end_ = 0;  // levels whose modulations are there
};

class PackedNetwork : public GuidedNetwork {
 public:
  PackedNetwork(PackedParts& parts, const Tensor& time_SW, const Conditions& conditions)
      : guided_(std::make_shared<PackedConditions>(parts, time_SW, Weighted(conditions.guidance))),
        plain_(guided_) {
    if (conditions.guided_from > 0 || conditions.guided_to < 1) {
      plain_ = std::make_shared<PackedConditions>(
          parts, time_SW, std::vector<GuidanceCondition>{conditions.guidance.front()});
    }
  }

  Tensor Output(const Tensor& x_ND, int64_t level, bool guided) override {
    return (guided ? guided_ : plain_)->Output(x_ND.contiguous(), level);
  }

 private:
  std::shared_ptr<PackedConditions> guided_, plain_;
};

class PackedMlp : public PackedDenoiser {
 public:
  PackedMlp(Denoiser denoiser, const DenoiserWeights& weights, WeightStorage storage)
      : denoiser_(std::move(denoiser)),
        parts_{denoiser_->shape(), Pack(weights.patch, storage), Pack(weights.condition, storage),
               Pack(weights.modulation, storage), Pack(weights.output, storage)} {
    for (const DenoiserWeights::Block& block : weights.blocks) {
      parts_.blocks.push_back({Pack(block.up, storage), Pack(block.down, storage)});
    }
  }

  std::shared_ptr<GuidedNetwork> Under(const Tensor& tau_S, const Conditions& conditions) override {
    if (!tau_S_.defined() || !at::equal(tau_S_, tau_S)) {
      tau_S_ = tau_S;
      time_SW_ = denoiser_->EmbedTime(tau_S).contiguous();
    }
    return std::make_shared<PackedNetwork>(parts_, time_SW_, conditions);
  }

 private:
  Denoiser denoiser_;
  PackedParts parts_;
  Tensor tau_S_, time_SW_;  // of the last call: all patches of a picture share their levels
};

}  // namespace

std::unique_ptr<PackedDenoiser> MakePackedDenoiser(Denoiser denoiser, WeightStorage storage) {
  const DenoiserWeights weights = denoiser->weights();
  const Tensor& weight = weights.patch.weight_OI;
  if (!weight.is_cpu() || weight.scalar_type() != torch::kFloat32) {
    return nullptr;
  }
  return std::make_unique<PackedMlp>(std::move(denoiser), weights, storage);
}

}  // namespace tessera
