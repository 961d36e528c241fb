// Each number of a patch by a Fourier basis density. C = edges of the 256 bins.
#include <ATen/Functions.h>

#include <cmath>

#include "heads/density/autoregressive_head.h"
#include "heads/density/fourier_density.h"
#include "ops/pixels.h"

namespace tessera {
namespace {

constexpr double kMinMass = 1e-12;  // about what differences of the series round to

class Fourier : public ScalarDistribution {
 public:
  explicit Fourier(const FourierConfig& config) : config_(config) {}

  int64_t num_parameters() const override { return 2 * (config_.frequencies + 1); }

  Tensor Nats(const Tensor& parameters, const Tensor& x, at::Generator rng) const override {
    const Tensor y = ToUnit(Dequantise(x, std::move(rng)));
    const Tensor nats = kNatsPerPixelValue - FourierLogDensity(parameters, y) - LogSlope(y);
    return config_.smoothness == 0
               ? nats
               : at::add(nats, FourierRoughness(CoefficientsOf(parameters)), config_.smoothness);
  }

  Tensor LogMasses(const Tensor& parameters) const override {
    const Tensor edge_C = ToUnit(BinEdges(parameters.options()));
    const Tensor mass = FourierBelow(CoefficientsOf(parameters), edge_C).diff(1, -1);
    return mass.clamp_min(kMinMass).log();
  }

 private:
  // y in [-1, 1] of x, where the density is; infinite x lie at its ends.
  Tensor ToUnit(const Tensor& x) const {
    const Tensor scaled = x / config_.half_period;
    return config_.support == Support::kLine ? scaled.tanh() : scaled.clamp(-1, 1);
  }

  // log dy / dx
  Tensor LogSlope(const Tensor& y) const {
    const Tensor log_inside =
        config_.support == Support::kLine ? at::log1p(-y.square()) : at::zeros_like(y);
    return log_inside - std::log(config_.half_period);
  }

  FourierConfig config_;
};

}  // namespace

std::shared_ptr<ImageHead> MakeHead(HeadOf<HeadKind::kFourier>, const HeadConfig& config,
                                    int64_t condition_dim, int64_t patch_dim,
                                    const AutoencoderPtr&) {
  return MakeAutoregressiveHead(config, condition_dim, patch_dim,
                                std::make_unique<Fourier>(config.fourier));
}

}  // namespace tessera
