// Each number of a patch by a Fourier basis density on y in [-1, 1]. C = edges of the 256 bins.
//   period  y = x / half_period
//   line    y = tanh(u), u = (x - shift) / scale, scale = half_period e^log_scale
// On the line all numbers share one scale and shift, which are trained with the rest (De la Fuente
// et al. 2024, where the scale is a softplus). They start at half_period and 0.
#include <ATen/Functions.h>

#include <cmath>
#include <numbers>

#include "heads/density/autoregressive_head.h"
#include "heads/density/fourier_density.h"
#include "heads/trunk.h"
#include "ops/pixels.h"

namespace tessera {
namespace {

constexpr double kMinMass = 1e-12;  // about what differences of the series round to

class Fourier : public ScalarDistribution {
 public:
  explicit Fourier(const FourierConfig& config) : config_(config) {
    if (line()) {
      log_scale_ = RegisterParameter("log_scale", at::zeros({1}), ParameterRole::kOutput);
      shift_ = RegisterParameter("shift", at::zeros({1}), ParameterRole::kOutput);
    }
  }

  int64_t num_parameters() const override { return 2 * (config_.frequencies + 1); }

  Tensor Nats(const Tensor& parameters, const Tensor& x, at::Generator rng) const override {
    const Tensor u = Scaled(Dequantise(x, std::move(rng)));
    const Tensor nats = kNatsPerPixelValue - FourierLogDensity(parameters, ToUnit(u)) - LogSlope(u);
    return config_.smoothness == 0
               ? nats
               : at::add(nats, FourierRoughness(CoefficientsOf(parameters)), config_.smoothness);
  }

  Tensor LogMasses(const Tensor& parameters) const override {
    const Tensor edge_C = ToUnit(Scaled(BinEdges(parameters.options())));
    const Tensor mass = FourierBelow(CoefficientsOf(parameters), edge_C).diff(1, -1);
    return mass.clamp_min(kMinMass).log();
  }

 private:
  bool line() const { return config_.support == Support::kLine; }

  Tensor Scaled(const Tensor& x) const {
    const Tensor scaled = (line() ? x - shift_ : x) / config_.half_period;
    return line() ? scaled * (-log_scale_).exp() : scaled;
  }

  // y in [-1, 1]; infinite numbers lie at its ends.
  Tensor ToUnit(const Tensor& u) const { return line() ? u.tanh() : u.clamp(-1, 1); }

  // log dy / dx. On the line log(1 - tanh(u)^2), which stays finite where tanh rounds to 1.
  Tensor LogSlope(const Tensor& u) const {
    const double log_half_period = std::log(config_.half_period);
    if (!line()) {
      return at::full_like(u, -log_half_period);
    }
    const Tensor size = u.abs();
    return 2 * (std::numbers::ln2 - size - at::softplus(-2 * size)) - log_scale_ - log_half_period;
  }

  FourierConfig config_;
  Tensor log_scale_, shift_;  // undefined but on the line
};

std::shared_ptr<ImageHead> Make(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim,
                                const AutoencoderPtr&) {
  return MakeAutoregressiveHead(config, condition_dim, patch_dim,
                                std::make_shared<Fourier>(config.fourier));
}

NetworkSize Size(const HeadConfig& config, const AutoencoderConfig&, double condition_dim,
                 double patch_dim) {
  const double frequencies = Number(config.fourier.frequencies);
  NetworkSize size = ScalarTrunkSize(Number(config.width), Number(config.depth), condition_dim,
                                     2 * (frequencies + 1), patch_dim);
  size.other += config.fourier.support == Support::kLine ? 2 : 0;  // scale and shift
  size.kept += 12 * frequencies * patch_dim;
  return size;
}

}  // namespace

HeadFamily Family(HeadOf<HeadKind::kFourier>) { return {Make, Size}; }

}  // namespace tessera
