// P = patches, D = numbers a patch, W = width, R = rank, C = channels, S = side of a patch; of the
// resampler K = pictures, Q = queries, H = heads, E = numbers a head.
#include "model/patch_embedder.h"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "ops/attention.h"
#include "ops/linear.h"
#include "sequence/patch_grid.h"

namespace tessera {
namespace {

// Outputs of the inputs' variance over inputs of order one.
Tensor Weights(at::IntArrayRef shape, int64_t inputs) {
  return at::randn(shape).mul_(1 / std::sqrt(static_cast<double>(inputs)));
}

// One linear map, lossless while its rank is D.
class LinearEmbedder : public PatchEmbedder {
 public:
  LinearEmbedder(int64_t patch_dim, int64_t width)
      : weight_WD_(RegisterParameter("weight", Weights({width, patch_dim}, patch_dim),
                                     ParameterRole::kOutput)),
        bias_W_(RegisterParameter("bias", at::zeros({width}), ParameterRole::kOutput)) {}

  Tensor Embed(const Tensor& patch_PD) const override {
    return Linear(patch_PD, weight_WD_, bias_W_);
  }
  Tensor Matrix() const override { return weight_WD_.detach().to(torch::kFloat64); }

 private:
  Tensor weight_WD_, bias_W_;
};

// Two linear maps with few numbers between them (Li and He 2025, "Back to basics", section 4.3):
// lossless while rank >= D.
class BottleneckEmbedder : public PatchEmbedder {
 public:
  BottleneckEmbedder(int64_t patch_dim, int64_t rank, int64_t width)
      : down_RD_(RegisterParameter("down", Weights({rank, patch_dim}, patch_dim),
                                   ParameterRole::kOutput)),
        up_WR_(RegisterParameter("up", Weights({width, rank}, rank), ParameterRole::kOutput)),
        bias_W_(RegisterParameter("bias", at::zeros({width}), ParameterRole::kOutput)) {}

  Tensor Embed(const Tensor& patch_PD) const override {
    return Linear(Linear(patch_PD, down_RD_), up_WR_, bias_W_);
  }
  Tensor Matrix() const override {
    return at::matmul(up_WR_.detach().to(torch::kFloat64), down_RD_.detach().to(torch::kFloat64));
  }

 private:
  Tensor down_RD_, up_WR_, bias_W_;
};

// Two 3x3 convolutions, then one linear map (Xiao et al. 2021, "Early convolutions help
// transformers see better"), inside each patch, whose border is padded with grey.
class ConvEmbedder : public PatchEmbedder {
 public:
  ConvEmbedder(int64_t patch, int64_t channels, int64_t width)
      : patch_(patch),
        first_(
            RegisterParameter("first", Weights({channels, 3, 3, 3}, 27), ParameterRole::kOutput)),
        second_(RegisterParameter("second", Weights({channels, channels, 3, 3}, 9 * channels),
                                  ParameterRole::kOutput)),
        out_(RegisterParameter("weight",
                               Weights({width, channels * patch * patch}, channels * patch * patch),
                               ParameterRole::kOutput)),
        bias_W_(RegisterParameter("bias", at::zeros({width}), ParameterRole::kOutput)) {}

  Tensor Embed(const Tensor& patch_PD) const override {
    const Tensor pixels_PCSS = patch_PD.view({-1, patch_, patch_, 3}).permute({0, 3, 1, 2});
    const auto conv = [](const Tensor& x, const Tensor& weight) {
      return at::conv2d(x, weight, {}, /*stride=*/1, /*padding=*/1);
    };
    const Tensor features_PCSS = conv(at::silu(conv(pixels_PCSS, first_)), second_);
    return Linear(features_PCSS.flatten(1), out_, bias_W_);
  }

 private:
  int64_t patch_;
  Tensor first_, second_, out_, bias_W_;
};

// One linear map of a code's vectors: all that the model learns of a patch is which code it has.
class CodesEmbedder : public PatchEmbedder {
 public:
  CodesEmbedder(std::shared_ptr<PatchAutoencoder> autoencoder, int64_t width)
      : autoencoder_(std::move(autoencoder)) {
    TORCH_CHECK(autoencoder_ != nullptr && !autoencoder_->radices().empty(),
                "input codes needs an autoencoder that has codes");
    const int64_t values = autoencoder_->values_dim();
    weight_WV_ =
        RegisterParameter("weight", Weights({width, values}, values), ParameterRole::kOutput);
    bias_W_ = RegisterParameter("bias", at::zeros({width}), ParameterRole::kOutput);
  }

  Tensor Embed(const Tensor& patch_PD) const override {
    const Tensor value_PV = autoencoder_->ValuesOf(autoencoder_->CodesOf(patch_PD));
    return Linear(value_PV.to(weight_WV_.dtype()), weight_WV_, bias_W_);
  }

 private:
  std::shared_ptr<PatchAutoencoder> autoencoder_;  // the model's, hence no module of this one
  Tensor weight_WV_, bias_W_;
};

// In slot i of a picture stands what query i reads of all its patches by cross-attention (Alayrac
// et al. 2022, "Flamingo", the perceiver resampler, in one layer): an order of a picture that is
// learned, where no patch has a slot of its own.
class ResamplerEmbedder : public PatchEmbedder {
 public:
  ResamplerEmbedder(int64_t patch_dim, int64_t width, int64_t heads, int64_t slots)
      : heads_(heads),
        weight_WD_(RegisterParameter("weight", Weights({width, patch_dim}, patch_dim),
                                     ParameterRole::kOutput)),
        place_QW_(RegisterParameter("place", at::randn({slots, width}), ParameterRole::kEmbedding)),
        query_QW_(RegisterParameter("query", at::randn({slots, width}), ParameterRole::kEmbedding)),
        key_WW_(RegisterParameter("key", Weights({width, width}, width), ParameterRole::kOutput)),
        value_WW_(
            RegisterParameter("value", Weights({width, width}, width), ParameterRole::kOutput)),
        out_WW_(RegisterParameter("out", Weights({width, width}, width), ParameterRole::kOutput)),
        bias_W_(RegisterParameter("bias", at::zeros({width}), ParameterRole::kOutput)) {}

  Tensor Embed(const Tensor& patch_PD) const override {
    const int64_t slots = query_QW_.size(0);
    TORCH_CHECK(patch_PD.size(0) % slots == 0, patch_PD.size(0),
                " patches are no whole pictures of ", slots, ", which a resampler reads");
    const Tensor x_PW = Linear(patch_PD, weight_WD_);
    const Tensor x_KQW = x_PW.unflatten(0, {-1, slots}) + place_QW_.to(x_PW.scalar_type());
    const auto split = [&](const Tensor& x) { return x.unflatten(-1, {heads_, -1}); };
    const Tensor query_KQW = query_QW_.to(x_PW.scalar_type()).expand({x_KQW.size(0), -1, -1});
    const Tensor read_KQHE =
        Attention(split(query_KQW), split(Linear(x_KQW, key_WW_)), split(Linear(x_KQW, value_WW_)),
                  at::zeros({1, 1, 1, 1}, x_PW.options()));
    return Linear(read_KQHE.flatten(2), out_WW_, bias_W_).flatten(0, 1);
  }

 private:
  int64_t heads_;
  Tensor weight_WD_, place_QW_, query_QW_, key_WW_, value_WW_, out_WW_, bias_W_;
};

}  // namespace

std::shared_ptr<PatchEmbedder> MakePatchEmbedder(const InputConfig& config, int64_t patch,
                                                 int64_t width,
                                                 std::shared_ptr<PatchAutoencoder> autoencoder,
                                                 int64_t slots) {
  const int64_t patch_dim = PatchDim(patch);
  switch (config.kind) {
    case InputKind::kLinear:
      return std::make_shared<LinearEmbedder>(patch_dim, width);
    case InputKind::kBottleneck:
      return std::make_shared<BottleneckEmbedder>(patch_dim, config.rank, width);
    case InputKind::kConv:
      return std::make_shared<ConvEmbedder>(patch, config.channels, width);
    case InputKind::kCodes:
      return std::make_shared<CodesEmbedder>(std::move(autoencoder), width);
    case InputKind::kResampler:
      return std::make_shared<ResamplerEmbedder>(patch_dim, width, config.heads, slots);
  }
  TORCH_CHECK(false, "input ", static_cast<int>(config.kind));
}

Tensor JacobianAt(const PatchEmbedder& embedder, const Tensor& patch_D) {
  if (const Tensor matrix_WD = embedder.Matrix(); matrix_WD.defined()) {
    return matrix_WD;
  }
  const torch::AutoGradMode with_gradients(true);
  // One copy of the patch for each of the W outputs: all rows of the Jacobian in one backward pass.
  const int64_t width = embedder.Embed(patch_D.unsqueeze(0)).size(1);
  const Tensor copies_WD = patch_D.detach().expand({width, -1}).contiguous().requires_grad_();
  const Tensor own_output = embedder.Embed(copies_WD).diagonal().sum();
  const Tensor jacobian_WD =
      torch::autograd::grad({own_output}, {copies_WD}, /*grad_outputs=*/{}, /*retain_graph=*/{},
                            /*create_graph=*/false, /*allow_unused=*/true)
          .front();
  return (jacobian_WD.defined() ? jacobian_WD : at::zeros_like(copies_WD)).to(torch::kFloat64);
}

Tensor RecoverPatches(const PatchEmbedder& embedder, const Tensor& e_PW) {
  const Tensor matrix_WD = embedder.Matrix();
  const Tensor grey_1D = at::zeros({1, matrix_WD.size(1)}, e_PW.options());
  const Tensor constant_1W = embedder.Embed(grey_1D).detach().to(torch::kFloat64);
  const Tensor inverse_DW = at::linalg_pinv(matrix_WD, /*rcond=*/1e-12);
  return at::matmul(e_PW.to(torch::kFloat64) - constant_1W, inverse_DW.t());
}

}  // namespace tessera
