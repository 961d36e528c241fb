#include "heads/trunk.h"

#include <ATen/Functions.h>

#include <cmath>
#include <numbers>

#include "ops/linear.h"
#include "ops/norm.h"

namespace tessera {
namespace {

constexpr double kNormEpsilon = 1e-6;

// A number enters as itself and as sines and cosines of so many octaves, the slowest of which has
// half a wave over [-1, 1]: a network that must distinguish 256 codes finds the fine ones there.
constexpr int64_t kOctaves = 4;
constexpr int64_t kFeatures = 1 + 2 * kOctaves;

Tensor Apply(const torch::nn::Linear& layer, const Tensor& x) {
  return Linear(x, layer->weight, layer->bias);
}

// [...] -> [..., F]
Tensor Features(const Tensor& x) {
  std::vector<Tensor> features = {x};
  for (int64_t octave = 0; octave < kOctaves; ++octave) {
    const Tensor angle = x * (std::numbers::pi / 2 * static_cast<double>(1 << octave));
    features.insert(features.end(), {angle.sin(), angle.cos()});
  }
  return at::stack(features, -1);
}

}  // namespace

TrunkImpl::TrunkImpl(const TrunkShape& shape)
    : condition_(
          RegisterLinear("condition", shape.condition_dim, shape.width, ParameterRole::kHidden)) {
  using enum ParameterRole;
  for (int64_t i = 0; i < shape.depth; ++i) {
    const std::string block = "block" + std::to_string(i);
    blocks_.push_back({RegisterParameter(block + "_norm", at::ones({shape.width}), kHidden),
                       RegisterLinear(block + "_up", shape.width, shape.width, kHidden),
                       RegisterLinear(block + "_down", shape.width, shape.width, kHidden)});
  }
  output_norm_ = RegisterParameter("output_norm", at::ones({shape.width}), kOutput);
  output_ = RegisterLinear("output", shape.width, shape.outputs, kOutput);
  const torch::NoGradGuard no_grad;
  output_->weight.zero_();
  output_->bias.zero_();
}

Tensor TrunkImpl::Embed(const Tensor& z) {
  return Apply(condition_, z.to(condition_->weight.scalar_type()));
}

Tensor TrunkImpl::Finish(const Tensor& a) {
  Tensor x = a;
  for (const Block& block : blocks_) {
    const Tensor inner = Apply(block.up, RmsNorm(x, block.norm, kNormEpsilon));
    x = x + Apply(block.down, at::silu(inner));
  }
  return Apply(output_, RmsNorm(x, output_norm_, kNormEpsilon));
}

ScalarTrunkImpl::ScalarTrunkImpl(const TrunkShape& shape, int64_t patch_dim)
    : trunk_(register_module("trunk", Trunk(shape))),
      number_DFW_(RegisterParameter("number",
                                    at::randn({patch_dim, kFeatures, shape.width}) /
                                        std::sqrt(static_cast<double>(patch_dim * kFeatures)),
                                    ParameterRole::kHidden)),
      place_modulation_D2W_(RegisterParameter(
          "place_modulation", at::zeros({patch_dim, 2, shape.width}), ParameterRole::kOutput)) {}

Tensor ScalarTrunkImpl::AtPlace(const Tensor& condition, const Tensor& sum,
                                const Tensor& place_2W) const {
  const Tensor shift = place_2W.select(-2, 0), scale = place_2W.select(-2, 1) + 1;
  return condition + at::addcmul(shift, scale, sum);
}

Tensor ScalarTrunkImpl::forward(const Tensor& z_NZ, const Tensor& x_ND) {
  const Tensor feature_DNF = Features(x_ND.to(number_DFW_.scalar_type())).transpose(0, 1);
  const Tensor term_DNW = at::bmm(feature_DNF, number_DFW_).to(number_DFW_.scalar_type());
  // The sum over the numbers before each; the last number's term counts for none.
  const Tensor sum_DNW =
      at::cat({at::zeros_like(term_DNW.slice(0, 0, 1)), term_DNW.slice(0, 0, -1)}).cumsum(0);
  return trunk_->Finish(
      AtPlace(trunk_->Embed(z_NZ).unsqueeze(1), sum_DNW.transpose(0, 1), place_modulation_D2W_));
}

ScalarTrunkImpl::Pass::Pass(ScalarTrunkImpl& trunk, const Tensor& z_BNZ)
    : trunk_(trunk),
      condition_BNW_(trunk.trunk_->Embed(z_BNZ)),
      sum_NW_(at::zeros_like(condition_BNW_.select(0, 0))) {}

Tensor ScalarTrunkImpl::Pass::Parameters() const {
  return trunk_.trunk_->Finish(
      trunk_.AtPlace(condition_BNW_, sum_NW_, trunk_.place_modulation_D2W_[place_]));
}

void ScalarTrunkImpl::Pass::Append(const Tensor& x_N) {
  const Tensor& number_FW = trunk_.number_DFW_[place_];
  sum_NW_ = sum_NW_ + at::mm(Features(x_N.to(number_FW.scalar_type())), number_FW);
  ++place_;
}

NetworkSize TrunkSize(double width, double depth, double condition_dim, double outputs) {
  const LinearSize in(condition_dim, width), inside(width, width), out(width, outputs);
  return {.hidden = in.matrix + 2 * depth * inside.matrix,
          .other = in.bias + depth * (2 * inside.bias + width) + width + out.all(),
          .kept = (5 * depth + 3) * width};
}

NetworkSize ScalarTrunkSize(double width, double depth, double condition_dim, double outputs,
                            double patch_dim) {
  NetworkSize size = TrunkSize(width, depth, condition_dim, outputs);
  size.other += patch_dim * (static_cast<double>(kFeatures) + 2) * width;
  size.kept = patch_dim * (size.kept + 3 * width);
  return size;
}

}  // namespace tessera
