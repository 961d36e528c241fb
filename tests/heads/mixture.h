// A distribution whose expected clean patch is known exactly, to tell a sampler's error from a
// network's: .5 N(-.8, .01) + .3 N(.2, .04) + .2 N(.9, .0025), one number a patch. The reference
// errors are those of sequence_and_head.md 6.12.
// N = draws, C = components.
#pragma once

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <utility>

#include "tests/heads/expected.h"

namespace tessera {

class Mixture {
 public:
  explicit Mixture(torch::Dtype dtype = torch::kDouble)
      : share_C1_(torch::tensor({{.5}, {.3}, {.2}}, dtype)),
        mean_C1_(torch::tensor({{-.8}, {.2}, {.9}}, dtype)),
        variance_C1_(torch::tensor({{.01}, {.04}, {.0025}}, dtype)) {}

  // E[x | x_t]; the noise of all draws, or of each.
  Tensor Clean(const Tensor& x_N1, double alpha, const Tensor& sigma_N1) const {
    const Tensor variance_CN = alpha * alpha * variance_C1_ + sigma_N1.square().t();
    const Tensor error_CN = x_N1.t() - alpha * mean_C1_;
    const Tensor log_density_CN =
        at::addcmul(share_C1_.log() - variance_CN.log() / 2, error_CN.square(), -.5 / variance_CN);
    const Tensor clean_CN = at::addcmul(mean_C1_, error_CN, alpha * variance_C1_ / variance_CN);
    return (log_density_CN.softmax(0) * clean_CN).sum(0).unsqueeze(1);
  }

  // Wasserstein-1: the mean distance between equal quantiles.
  double Distance(const Tensor& draws_N1) const {
    const Tensor x_N1 = draws_N1.to(torch::kDouble);
    const int64_t count = x_N1.size(0), cells = 200'000;
    const Tensor grid = torch::linspace(-2, 2, cells + 1, torch::kDouble);
    const Tensor below =
        (share_C1_ * at::special_ndtr((grid - mean_C1_) / variance_C1_.sqrt())).sum(0);
    const Tensor quantile = (torch::arange(count, torch::kDouble) + .5) / count;
    const Tensor right = torch::searchsorted(below, quantile).clamp(1, cells);
    const Tensor low = below.index({right - 1}), high = below.index({right});
    const Tensor part = (quantile - low) / (high - low);
    const Tensor truth = grid.index({right - 1}) + part * (4. / cells);
    return (std::get<0>(x_N1.flatten().sort()) - truth).abs().mean().item<double>();
  }

 private:
  Tensor share_C1_, mean_C1_, variance_C1_;
};

// [N, 1], ascending.
inline Tensor EvenNormals(int64_t count) {
  return at::special_ndtri((torch::arange(count, torch::kDouble) + .5) / count).unsqueeze(1);
}

struct MixtureDraws {
  Tensor x_N1;
  int64_t looks;  // how often the sampler asked for the expected clean patch
};

inline MixtureDraws DrawMixture(const SamplerConfig& config, NoiseScheduleKind kind, int64_t count,
                                torch::Dtype dtype = torch::kDouble) {
  const NoiseSchedule schedule(kind, 1);
  const Mixture mixture(dtype);
  at::Generator rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0);
  MixtureDraws draws{.x_N1 = {}, .looks = 0};
  const auto look = [&](const Tensor& x_N1, double alpha, const Tensor& sigma_N1) {
    ++draws.looks;
    return mixture.Clean(x_N1, alpha, sigma_N1.to(dtype));
  };
  // Every noise at even quantiles, so that it adds no error of its own, the later ones in an order
  // of their own (a Latin hypercube).
  const Tensor even_N1 = EvenNormals(count).to(dtype);
  bool is_first = true;
  const auto noise = [&] {
    return std::exchange(is_first, false) ? even_N1 : even_N1.index({torch::randperm(count, rng)});
  };
  draws.x_N1 = SampleExpected(config, schedule, look, noise);
  return draws;
}

struct MixtureReference {
  const char* name;
  SamplerConfig sampler;
  NoiseScheduleKind schedule;
  std::array<double, 9> errors;  // for each of kMixtureSteps
};

constexpr std::array<int64_t, 9> kMixtureSteps = {5, 8, 10, 16, 20, 25, 50, 100, 250};
// Samplers without noise in their steps map even quantiles to even quantiles; others need more.
constexpr int64_t kMixtureDraws = 40'000, kEvenDraws = 4'000;
// Of the difference to the references, which are single runs of 100 000 independent draws.
constexpr double kMixtureStandardError = .0028;

inline std::vector<MixtureReference> MixtureReferences() {
  using enum SamplerKind;
  constexpr auto cosine = NoiseScheduleKind::kCosine, flow = NoiseScheduleKind::kFlow;
  return {
      {"ddpm, small variance",
       {.kind = kDdpm},
       cosine,
       {.183, .095, .071, .041, .034, .027, .015, .0089, .0047}},
      {"ddpm, large variance",
       {.kind = kDdpm, .variance = StepVariance::kLarge},
       cosine,
       {.156, .106, .086, .053, .043, .032, .015, .0064, .0030}},
      {"ddim, eta 0",
       {.kind = kDdim},
       cosine,
       {.150, .072, .052, .031, .025, .018, .0080, .0046, .0029}},
      {"ddim, eta 1",
       {.kind = kDdim, .eta = 1},
       cosine,
       {.182, .095, .071, .041, .033, .026, .016, .0092, .0058}},
      {"dpm++2m cosine, even in time",
       {.kind = kDpmpp2m},
       cosine,
       {.104, .041, .029, .020, .019, .018, .0096, .0046, .0032}},
      {"dpm++2m cosine, even in log snr",
       {.kind = kDpmpp2m, .grid = StepGrid::kLogSnr},
       cosine,
       {.119, .053, .031, .014, .0092, .0056, .0058, .0038, .0020}},
      {"euler", {.kind = kEuler}, flow, {.107, .065, .048, .031, .025, .016, .011, .0043, .0036}},
      {"heun", {.kind = kHeun}, flow, {.040, .026, .020, .011, .0082, .0053, .0034, .0031, .0034}},
      {"midpoint",
       {.kind = kMidpoint},
       flow,
       {.020, .0069, .0050, .0036, .0051, .0039, .0032, .0035, .0037}},
      {"ab2", {.kind = kAb2}, flow, {.055, .024, .020, .014, .012, .0097, .0045, .0081, .0016}},
      {"dpm++2m flow, even in time",
       {.kind = kDpmpp2m},
       flow,
       {.091, .029, .020, .016, .014, .011, .0044, .0030, .0022}},
      {"flow-sde",
       {.kind = kFlowSde},
       flow,
       {.155, .090, .066, .031, .021, .015, .0052, .0043, .0061}},
      {"dpm-solver-2, r .5",
       {.kind = kDpmSolver2, .grid = StepGrid::kPolynomial},
       cosine,
       {.321, .074, .045, .016, .010, .0071, .0082, .0034, .0028}},
      {"amed before training",
       {.kind = kAmed, .grid = StepGrid::kPolynomial},
       flow,
       {.321, .074, .045, .016, .010, .0071, .0082, .0034, .0028}},
  };
}

// The error of a reference's sampler is the reference's, within three standard errors.
inline void ExpectMixtureErrors(const MixtureReference& reference, size_t column) {
  SamplerConfig config = reference.sampler;
  config.steps = kMixtureSteps[column];
  const bool noisy = config.kind == SamplerKind::kDdpm || config.kind == SamplerKind::kFlowSde ||
                     (config.kind == SamplerKind::kDdim && config.eta > 0);
  const Tensor x_N1 =
      noisy ? DrawMixture(config, reference.schedule, kMixtureDraws, torch::kFloat).x_N1
            : DrawMixture(config, reference.schedule, kEvenDraws).x_N1;
  EXPECT_NEAR(Mixture().Distance(x_N1), reference.errors[column], 3 * kMixtureStandardError)
      << reference.name << ", " << config.steps << " steps";
}

}  // namespace tessera
