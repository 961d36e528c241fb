#include "heads/diffusion/denoiser.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "ops/linear.h"
#include "ops/norm.h"

namespace tessera {
namespace {

constexpr int64_t kTimeFeatures = 256;
constexpr double kMaxPeriod = 1e4;
// Bounds the memory of the modulations: 16 MB in float.
constexpr int64_t kPreparedNumbers = int64_t{1} << 22;

Tensor Apply(const torch::nn::Linear& layer, const Tensor& x) {
  return Linear(x, layer->weight, layer->bias);
}

// Sines and cosines of tau at geometric frequencies from 1 to 1 / kMaxPeriod.
Tensor Sinusoid(const Tensor& tau) {
  constexpr int64_t half = kTimeFeatures / 2;
  const Tensor exponent = at::arange(half, tau.options()) * (-std::log(kMaxPeriod) / half);
  const Tensor angle = tau.unsqueeze(-1) * exponent.exp();
  return at::cat({angle.cos(), angle.sin()}, -1);
}

}  // namespace

DenoiserImpl::DenoiserImpl(const DenoiserShape& shape)
    : shape_(shape),
      patch_(RegisterLinear("patch", shape.patch_dim, shape.width, ParameterRole::kHidden)),
      condition_(
          RegisterLinear("condition", shape.condition_dim, shape.width, ParameterRole::kHidden)),
      time_in_(RegisterLinear("time_in", kTimeFeatures, shape.width, ParameterRole::kHidden)),
      time_out_(RegisterLinear("time_out", shape.width, shape.width, ParameterRole::kHidden)),
      modulation_(RegisterLinear("modulation", shape.width, (3 * shape.depth + 2) * shape.width,
                                 ParameterRole::kOutput)),
      output_(RegisterLinear("output", shape.width, shape.output_dim, ParameterRole::kOutput)) {
  for (int64_t i = 0; i < shape.depth; ++i) {
    const std::string block = "block" + std::to_string(i);
    blocks_.push_back(
        {RegisterLinear(block + "_up", shape.width, shape.width, ParameterRole::kHidden),
         RegisterLinear(block + "_down", shape.width, shape.width, ParameterRole::kHidden)});
  }
  Initialize();
}

// Blocks start as the identity and the output at 0: modulation and output weights are 0.
void DenoiserImpl::Initialize() {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : parameters()) {
    parameter.zero_();
  }
  for (auto& layer : {time_in_, time_out_}) {
    layer->weight.normal_(0, .02);
  }
  std::vector<torch::nn::Linear> xavier = {patch_, condition_};
  for (const Block& block : blocks_) {
    xavier.insert(xavier.end(), {block.up, block.down});
  }
  for (auto& layer : xavier) {
    const double fan = static_cast<double>(layer->weight.size(0) + layer->weight.size(1));
    const double bound = std::sqrt(6 / fan);
    layer->weight.uniform_(-bound, bound);
  }
  // The bias of every scale starts at 1, which saves adding 1 to the scale at each use.
  for (int64_t part = 1; part < 3 * shape_.depth + 2; part += 3) {
    modulation_->bias.narrow(0, part * shape_.width, shape_.width).fill_(1);
  }
}

Tensor DenoiserImpl::forward(const Tensor& x_t, const Tensor& tau, const Tensor& z_NZ) {
  return DenoiseUnder(x_t, EachPart(EmbedTime(tau) + EmbedCondition(z_NZ)));
}

DenoiserWeights DenoiserImpl::weights() const {
  const auto of = [](const torch::nn::Linear& layer) {
    return LinearWeights{layer->weight, layer->bias};
  };
  DenoiserWeights weights{of(patch_), of(condition_), of(modulation_), of(output_), {}};
  for (const Block& block : blocks_) {
    weights.blocks.push_back({of(block.up), of(block.down)});
  }
  return weights;
}

Tensor DenoiserImpl::EmbedTime(const Tensor& tau) {
  const Tensor features = Sinusoid(tau).to(time_in_->weight.scalar_type());
  return Apply(time_out_, at::silu(Apply(time_in_, features)));
}

Tensor DenoiserImpl::EmbedCondition(const Tensor& z_NZ) {
  return Apply(condition_, z_NZ.to(condition_->weight.scalar_type()));
}

Tensor DenoiserImpl::Modulate(const Tensor& embedding) {
  return Apply(modulation_, at::silu(embedding));
}

std::vector<Tensor> DenoiserImpl::EachPart(const Tensor& embedding) {
  const Tensor active = at::silu(embedding);
  const std::vector<Tensor> weights = modulation_->weight.split(shape_.width);
  const std::vector<Tensor> biases = modulation_->bias.split(shape_.width);
  std::vector<Tensor> parts;
  for (size_t part = 0; part < weights.size(); ++part) {
    parts.push_back(Linear(active, weights[part], biases[part]));
  }
  return parts;
}

Tensor DenoiserImpl::Denoise(const Tensor& x_t, const Tensor& modulation) {
  return DenoiseUnder(x_t, modulation.split(shape_.width, -1));
}

Tensor DenoiserImpl::DenoiseUnder(const Tensor& x_t, const std::vector<Tensor>& parts) {
  const auto modulated = [&](const Tensor& a, size_t part) {
    return ModulatedNorm(a, parts[part], parts[part + 1], kDenoiserNormEpsilon);
  };
  Tensor a = Apply(patch_, x_t.to(patch_->weight.scalar_type()));
  size_t part = 0;
  for (const Block& block : blocks_) {
    const Tensor update = Apply(block.down, at::silu(Apply(block.up, modulated(a, part))));
    a = at::addcmul(a, parts[part + 2], update);
    part += 3;
  }
  return Apply(output_, modulated(a, part));
}

PreparedModulation::PreparedModulation(Denoiser denoiser, const Tensor& tau_S, const Tensor& z_BNZ)
    : denoiser_(std::move(denoiser)),
      time_S11W_(denoiser_->EmbedTime(tau_S).unsqueeze(1).unsqueeze(1)),
      condition_BNW_(denoiser_->EmbedCondition(z_BNZ)) {
  const int64_t numbers_a_level = condition_BNW_.numel() * (3 * denoiser_->shape().depth + 2);
  chunk_size_ = std::max<int64_t>(1, kPreparedNumbers / std::max<int64_t>(1, numbers_a_level));
}

Tensor PreparedModulation::At(int64_t level) {
  const bool ready = chunk_CBNM_.defined() && first_ <= level && level < first_ + chunk_size_;
  if (!ready) {
    const int64_t count = std::min(chunk_size_, time_S11W_.size(0) - level);
    chunk_CBNM_ = denoiser_->Modulate(time_S11W_.narrow(0, level, count) + condition_BNW_);
    first_ = level;
  }
  return chunk_CBNM_.select(0, level - first_);
}

Tensor PreparedModulation::AtTaus(const Tensor& tau_N) {
  return denoiser_->Modulate(denoiser_->EmbedTime(tau_N) + condition_BNW_);
}

NetworkSize DenoiserSize(double width, double depth, double condition_dim, double patch_dim,
                         double outputs) {
  const double modulations = 3 * depth + 2, times = static_cast<double>(kTimeFeatures);
  const LinearSize inside(width, width);
  return {.hidden = (patch_dim + condition_dim + times) * width + (1 + 2 * depth) * inside.matrix,
          .other = (4 + 2 * depth) * width + LinearSize(width, modulations * width).all() +
                   LinearSize(width, outputs).all(),
          // Modulations and their gradients, the blocks, times and noise.
          .kept = (2 * modulations + 5 * depth + 8) * width + times + 8 * patch_dim};
}

}  // namespace tessera
