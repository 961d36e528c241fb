#include "heads/codes/patch_autoencoder.h"

#include <ATen/Functions.h>
#include <torch/utils.h>

#include <cmath>

#include "ops/autocast.h"

namespace tessera {
namespace {

Tensor AtLeastFloat(const Tensor& x) {
  return x.to(at::promote_types(x.scalar_type(), torch::kFloat));
}

// No gradient, and no half precision: a patch has the same code while a model is trained on codes
// and when it draws.
class Frozen {
 public:
  explicit Frozen(const Tensor& like) : whole_(like.device(), Precision::kF32) {}

 private:
  torch::NoGradGuard no_grad_;
  Autocast whole_;
};

}  // namespace

PatchAutoencoder::PatchAutoencoder(const AutoencoderConfig& config, int64_t patch_dim)
    : config_(config),
      encoder_(register_module(
          "encoder", Trunk(TrunkShape{config.width, config.depth, patch_dim, values_dim()}))),
      decoder_(register_module(
          "decoder", Trunk(TrunkShape{config.width, config.depth, values_dim(), patch_dim}))),
      quantiser_(register_module("quantiser", MakeQuantiser(config))) {
  // A trunk puts out 0 at first, which is grey for the decoder but one code for all from the
  // encoder. About a standard normal is what the levels of FSQ are used best by.
  const torch::NoGradGuard no_grad;
  encoder_->output()->weight.normal_(0, 1 / std::sqrt(static_cast<double>(config.width)));
}

Tensor PatchAutoencoder::Encode(const Tensor& x_ND) {
  return AtLeastFloat(encoder_(x_ND)).view({-1, VectorDim(config_)});
}

Tensor PatchAutoencoder::Decode(const Tensor& value_ME) {
  return AtLeastFloat(decoder_(value_ME.reshape({-1, values_dim()})));
}

HeadLoss PatchAutoencoder::Loss(const Tensor& x_ND) {
  const Tensor z_ME = Encode(x_ND);
  const Quantised quantised = quantiser_->Quantise(z_ME);
  const Tensor error_N = (Decode(quantised.value_MD) - x_ND).square().mean(1);
  if (is_training() && at::GradMode::is_enabled()) {
    encoded_ME_.push_back(z_ME.detach());
    code_MJ_.push_back(quantised.code_MJ);
  }
  return {.mean = error_N.mean() + quantised.loss,
          .by_patch_N = error_N.detach(),
          .level_M = {},
          .by_level_M = {}};
}

void PatchAutoencoder::EndStep(at::Generator rng, const AllRows& all) {
  const auto digits = static_cast<int64_t>(radices().size());
  const auto options = parameters().front().detach().options();
  const Tensor z_ME =
      all(encoded_ME_.empty() ? at::empty({0, VectorDim(config_)}, options) : at::cat(encoded_ME_));
  const Tensor code_MJ = all(code_MJ_.empty() ? at::empty({0, digits}, options.dtype(torch::kLong))
                                              : at::cat(code_MJ_));
  encoded_ME_.clear();
  code_MJ_.clear();
  if (z_ME.size(0) > 0) {
    quantiser_->Learn(z_ME, code_MJ, std::move(rng));
  }
}

Tensor PatchAutoencoder::Reconstruct(const Tensor& x_ND) {
  const Frozen frozen(x_ND);
  return Decode(quantiser_->Quantise(Encode(x_ND)).value_MD);
}

Tensor PatchAutoencoder::CodesOf(const Tensor& x_ND) {
  const Frozen frozen(x_ND);
  return quantiser_->Quantise(Encode(x_ND)).code_MJ.view({x_ND.size(0), -1});
}

Tensor PatchAutoencoder::ValuesOf(const Tensor& code_NS) {
  const Frozen frozen(code_NS);
  const Tensor code_MJ = code_NS.reshape({-1, static_cast<int64_t>(radices().size())});
  return quantiser_->ValueOf(code_MJ).view({code_NS.size(0), -1});
}

Tensor PatchAutoencoder::PatchesOf(const Tensor& code_NS) {
  const Frozen frozen(code_NS);
  return Decode(ValuesOf(code_NS));
}

double PatchAutoencoder::bits() const {
  return static_cast<double>(config_.vectors) * std::log2(static_cast<double>(NumCodes(radices())));
}

}  // namespace tessera
