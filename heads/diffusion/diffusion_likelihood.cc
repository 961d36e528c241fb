#include "heads/diffusion/diffusion_likelihood.h"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "heads/diffusion/learned_variance.h"

namespace tessera {
namespace {

// The flow is followed over the logarithm of q = sigma / alpha. Data carry dequantisation of .002,
// of which the first noise is a part; at the last one data of unit variance is 1e-4 of the noise.
constexpr double kFirstNoise = 1e-3;
constexpr double kLastNoise = 1e2;
constexpr int64_t kSteps = 32;

constexpr int64_t kStepsAtOnce = 50;  // of the bound

struct Slope {
  Tensor state_ND;
  Tensor divergence_N;
};

// Sum of d clean_d / d x_d, of which the sum over d is exact or met on average.
Tensor Trace(const Tensor& clean_ND, const Tensor& x_ND, const Tensor& probe_ND) {
  const auto gradient = [&](const Tensor& sum) {
    return torch::autograd::grad({sum}, {x_ND}, {}, /*retain_graph=*/true)[0];
  };
  if (probe_ND.defined()) {
    return (gradient((clean_ND * probe_ND).sum()) * probe_ND).sum(1);
  }
  Tensor trace_N = at::zeros({x_ND.size(0)}, x_ND.options());
  for (int64_t d = 0; d < x_ND.size(1); ++d) {
    trace_N = trace_N + gradient(clean_ND.select(1, d).sum()).select(1, d);
  }
  return trace_N;
}

// Along the flow y = x_t / alpha obeys dy / d log q = y - E[x | x_t]. In w = y / r, r^2 = 1 + q^2,
// whose variance stays that of the data or 1: dw / d log q = w / r^2 - E[x | x_t] / r.
class Flow {
 public:
  Flow(const CleanAtLevel& clean, const NoiseSchedule& schedule, Tensor probe_ND)
      : clean_(clean), schedule_(schedule), probe_ND_(std::move(probe_ND)) {}

  Slope At(const Tensor& w_ND, double log_q) const {
    const torch::AutoGradMode with_gradients(true);
    const NoiseLevel level = schedule_.AtLogSnr(-log_q);
    const double r = std::hypot(1, std::exp(log_q));
    const Tensor x_ND = (w_ND.detach() * (level.alpha * r)).requires_grad_();
    const Tensor clean_ND = clean_(x_ND, level);
    const Tensor trace_N = Trace(clean_ND, x_ND, probe_ND_);
    return {w_ND / (r * r) - clean_ND.detach() / r,
            static_cast<double>(w_ND.size(1)) / (r * r) - level.alpha * trace_N};
  }

 private:
  const CleanAtLevel& clean_;
  const NoiseSchedule& schedule_;
  Tensor probe_ND_;
};

// One step of the classical Runge-Kutta method, of the state and of the sum of its divergence.
void Step(const Flow& flow, double log_q, double h, Tensor* w_ND, Tensor* divergence_N) {
  const Slope a = flow.At(*w_ND, log_q);
  const Slope b = flow.At(*w_ND + h / 2 * a.state_ND, log_q + h / 2);
  const Slope c = flow.At(*w_ND + h / 2 * b.state_ND, log_q + h / 2);
  const Slope d = flow.At(*w_ND + h * c.state_ND, log_q + h);
  const auto mean = [&](Tensor Slope::*part) {
    return (a.*part + 2 * b.*part + 2 * c.*part + d.*part) / 6;
  };
  *w_ND = at::add(*w_ND, mean(&Slope::state_ND), h);
  *divergence_N = at::add(*divergence_N, mean(&Slope::divergence_N), h);
}

}  // namespace

Tensor OdeLogDensity(const CleanAtLevel& clean, const NoiseSchedule& schedule, const Tensor& x_ND,
                     at::Generator rng) {
  const int64_t dim = x_ND.size(1);
  Tensor probe_ND;
  if (dim > kExactDivergenceDim) {
    probe_ND = at::randint(0, 2, x_ND.sizes(), std::move(rng), x_ND.options()) * 2 - 1;
  }
  const Flow flow(clean, schedule, probe_ND);
  const double first_r = std::hypot(1, kFirstNoise);
  const double h = std::log(kLastNoise / kFirstNoise) / kSteps;
  Tensor w_ND = x_ND / first_r, divergence_N = at::zeros({x_ND.size(0)}, x_ND.options());
  for (int64_t i = 0; i < kSteps; ++i) {
    Step(flow, std::log(kFirstNoise) + static_cast<double>(i) * h, h, &w_ND, &divergence_N);
  }
  const double constant =
      static_cast<double>(dim) * (std::log(2 * std::numbers::pi) / 2 + std::log(first_r));
  return divergence_N - w_ND.square().sum(1) / 2 - constant;
}

Tensor VariationalBoundBits(const GuessAt& guess, const NoiseSchedule& schedule, const Tensor& x_ND,
                            at::Generator rng) {
  Tensor bits_N = at::zeros({x_ND.size(0)}, x_ND.options());
  for (int64_t first = 0; first < kCosineSteps; first += kStepsAtOnce) {
    std::vector<Tensor> predicted, fraction;
    for (int64_t k = first; k < first + kStepsAtOnce; ++k) {
      const NoiseLevel level = schedule.AtTime(1 - static_cast<double>(k + 1) / kCosineSteps);
      const Tensor noise_ND = at::randn(x_ND.sizes(), rng, x_ND.options());
      const StepGuess step = guess(level.alpha * x_ND + level.sigma * noise_ND, level);
      predicted.push_back(step.clean_ND);
      fraction.push_back(step.fraction_ND.defined() ? step.fraction_ND : at::ones_like(x_ND));
    }
    const Tensor step_K11 =
        at::arange(first, first + kStepsAtOnce, x_ND.options()).view({-1, 1, 1});
    bits_N = bits_N + VariationalBits(schedule, {.step = step_K11,
                                                 .clean = x_ND,
                                                 .predicted = at::stack(predicted),
                                                 .fraction = at::stack(fraction)})
                          .sum(0)
                          .squeeze(1);
  }
  // KL(q(x_T | x) || N(0, 1)), with alpha_T^2 = 2.4e-9.
  const double left = std::pow(schedule.AtTime(0).alpha, 2);
  const Tensor prior_N = (left * x_ND.square().mean(1) - left - std::log1p(-left)) / 2;
  return bits_N + prior_N / std::numbers::ln2;
}

}  // namespace tessera
