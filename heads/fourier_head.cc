// Each number of a patch by a Fourier basis density. B = branches, N = patches, C = cells.
#include <ATen/Functions.h>

#include <cmath>
#include <numbers>

#include "heads/autoregressive_head.h"
#include "heads/fourier_density.h"
#include "heads/pixels.h"

namespace tessera {
namespace {

// A product of densities is tabulated: a cell is a fifth of a code wide at a half period of 1.25.
constexpr int64_t kCells = 1600;
// A branch of negative weight counts as no thinner than this, or its roots would draw everything.
constexpr double kMinGuidedDensity = 1e-3;

constexpr double kMinMass = 1e-20;

class Fourier : public ScalarDistribution {
 public:
  explicit Fourier(const HeadConfig& config) : config_(config) {}

  int64_t num_parameters() const override { return 2 * (config_.frequencies + 1); }

  Tensor Nats(const Tensor& parameters, const Tensor& x, at::Generator rng) const override {
    const Tensor y = ToUnit(Dequantise(x, std::move(rng)));
    const Tensor nats = kNatsPerCode - FourierLogDensity(parameters, y) - LogSlope(y);
    return config_.smoothness == 0
               ? nats
               : at::add(nats, FourierRoughness(CoefficientsOf(parameters)), config_.smoothness);
  }

  Tensor LogMass(const Tensor& parameters, const Tensor& x) const override {
    const FourierCoefficients g = CoefficientsOf(parameters);
    const Bins bins = BinsOf(x);
    const Tensor mass = FourierBelow(g, ToUnit(bins.upper)) - FourierBelow(g, ToUnit(bins.lower));
    return mass.clamp_min(kMinMass).log();
  }

  // A row of one branch at temperature 1 is inverted exactly, any other by the table.
  Tensor Quantile(const Tensor& parameters_BNO, const Tensor& weight_BN1, double temperature,
                  const Tensor& u_N) const override {
    const Tensor mixed_N = (weight_BN1 != 0).sum(0).squeeze(1) > 1;
    if (temperature != 1) {
      return Tabulated(parameters_BNO, weight_BN1, temperature, u_N);
    }
    const Tensor alone_1N1 = weight_BN1.abs().argmax(0, /*keepdim=*/true);
    const Tensor alone_NO =
        parameters_BNO.gather(0, alone_1N1.expand({1, -1, num_parameters()})).squeeze(0);
    const Tensor exact_N = FromUnit(FourierQuantile(CoefficientsOf(alone_NO), u_N));
    return mixed_N.any().item<bool>()
               ? at::where(mixed_N, Tabulated(parameters_BNO, weight_BN1, 1, u_N), exact_N)
               : exact_N;
  }

 private:
  // y in [-1, 1] of x, where the density is; infinite x lie at its ends.
  Tensor ToUnit(const Tensor& x) const {
    const Tensor scaled = x / config_.half_period;
    return config_.support == Support::kLine ? scaled.tanh() : scaled.clamp(-1, 1);
  }

  Tensor FromUnit(const Tensor& y) const {
    return (config_.support == Support::kLine ? y.atanh() : y) * config_.half_period;
  }

  // log dy / dx
  Tensor LogSlope(const Tensor& y) const {
    const double period = -std::log(config_.half_period);
    return config_.support == Support::kLine ? at::log1p(-y.square()) + period
                                             : at::full_like(y, period);
  }

  Tensor Tabulated(const Tensor& parameters_BNO, const Tensor& weight_BN1, double temperature,
                   const Tensor& u_N) const {
    const double width = 2. / kCells;
    const Tensor left_C = at::arange(kCells, u_N.options()) * width - 1;
    const Tensor middle_C = left_C + width / 2;
    const Tensor log_BNC =
        FourierLogDensityOnGrid(parameters_BNO, middle_C).clamp_min(std::log(kMinGuidedDensity));
    const Tensor slope_C = LogSlope(middle_C);
    const Tensor log_NC = (weight_BN1 * (log_BNC + slope_C)).sum(0);
    if (temperature == 0) {
      return FromUnit(at::index_select(middle_C, 0, log_NC.argmax(1)));
    }
    const Tensor share_NC = (log_NC / temperature - slope_C).softmax(1);
    const Tensor below_NC = share_NC.cumsum(1);
    const Tensor cell_N1 =
        (below_NC <= u_N.unsqueeze(1)).sum(1, /*keepdim=*/true).clamp_max(kCells - 1);
    const Tensor above_N = below_NC.gather(1, cell_N1).squeeze(1) - u_N;
    const Tensor inside_N = 1 - above_N / share_NC.gather(1, cell_N1).squeeze(1);
    return FromUnit(at::index_select(left_C, 0, cell_N1.squeeze(1)) + width * inside_N.clamp(0, 1));
  }

  HeadConfig config_;
};

}  // namespace

std::shared_ptr<ImageHead> MakeFourierHead(const HeadConfig& config, int64_t condition_dim,
                                           int64_t patch_dim) {
  return MakeAutoregressiveHead(config, condition_dim, patch_dim,
                                std::make_unique<Fourier>(config));
}

}  // namespace tessera
