// A distribution whose expected clean patch is known exactly, to tell a sampler's error from a
// network's: .5 N(-.8, .01) + .3 N(.2, .04) + .2 N(.9, .0025), one number a patch. The reference
// errors are of an implementation of its own in Python, single runs of 100 000 draws.
// N = draws, C = components.
#pragma once

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <iterator>
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

  // Share of all that lies below each x.
  Tensor Below(const Tensor& x_G) const {
    return (share_C1_ * at::special_ndtr((x_G - mean_C1_) / variance_C1_.sqrt())).sum(0);
  }

 private:
  Tensor share_C1_, mean_C1_, variance_C1_;
};

// [N, 1], ascending.
inline Tensor EvenNormals(int64_t count) {
  return at::special_ndtri((torch::arange(count, torch::kDouble) + .5) / count).unsqueeze(1);
}

struct MixtureSampler {
  SamplerConfig config;
  NoiseScheduleKind schedule;
  double amed_r = .5;  // what amed's predictor says everywhere, and c = a = 1
};

// [N, 1]
inline Tensor DrawMixture(const MixtureSampler& sampler, const NoiseSource& noise,
                          torch::Dtype dtype = torch::kDouble) {
  const NoiseSchedule schedule(sampler.schedule, 1);
  const Mixture mixture(dtype);
  const auto look = [&](const Tensor& x_N1, double alpha, const Tensor& sigma_N1) {
    return mixture.Clean(x_N1, alpha, sigma_N1.to(dtype));
  };
  const auto amed = UntrainedAmed(1, {.features = 0});
  const torch::NoGradGuard no_grad;
  amed->named_parameters()["output.bias"][0] = std::log(sampler.amed_r / (1 - sampler.amed_r));
  return SampleExpected(sampler.config, schedule, look, noise, amed);
}

// Every noise at even quantiles, so that it adds no error of its own, the later ones in an order of
// their own (a Latin hypercube).
inline Tensor DrawEvenly(const MixtureSampler& sampler, int64_t count,
                         torch::Dtype dtype = torch::kDouble, uint64_t seed = 1) {
  at::Generator rng = MakeGenerator(torch::kCPU, seed, Stream::kTest, 0);
  const Tensor even_N1 = EvenNormals(count).to(dtype);
  bool is_first = true;
  const auto noise = [&] {
    return std::exchange(is_first, false) ? even_N1 : even_N1.index({torch::randperm(count, rng)});
  };
  return DrawMixture(sampler, noise, dtype);
}

// How many draws lie below each x of an even grid that holds them all, and how much of the truth,
// as shares.
struct MixtureShares {
  Tensor draws_G, truth_G;
  double width;  // of the grid

  explicit MixtureShares(const Tensor& draws_N1) {
    const Tensor x_N = std::get<0>(draws_N1.to(torch::kDouble).flatten().sort());
    const double first = std::min(-2., x_N[0].item<double>());
    const double last = std::max(2., x_N[-1].item<double>());
    const Tensor grid_G = torch::linspace(first, last, 4000, torch::kDouble);
    draws_G = torch::searchsorted(x_N, grid_G, false, true) / static_cast<double>(x_N.size(0));
    truth_G = Mixture().Below(grid_G);
    width = last - first;
  }

  // Wasserstein-1.
  double Distance() const { return (draws_G - truth_G).abs().mean().item<double>() * width; }
};

struct MixtureReference {
  const char* name;
  MixtureSampler sampler;
  std::array<double, 9> errors;  // for each of kMixtureSteps
  int64_t fewer = 0;             // steps than the table counts
};

constexpr std::array<int64_t, 9> kMixtureSteps = {5, 8, 10, 16, 20, 25, 50, 100, 250};

inline std::vector<MixtureReference> ReferencesInTime() {
  using enum SamplerKind;
  constexpr auto cosine = NoiseScheduleKind::kCosine, flow = NoiseScheduleKind::kFlow;
  return {
      {"ddpm, small variance",
       {{.kind = kDdpm}, cosine},
       {.183, .095, .071, .041, .034, .027, .015, .0089, .0047}},
      {"ddpm, large variance",
       {{.kind = kDdpm, .variance = StepVariance::kLarge}, cosine},
       {.156, .106, .086, .053, .043, .032, .015, .0064, .0030}},
      {"ddim, eta 0",
       {{.kind = kDdim}, cosine},
       {.150, .072, .052, .031, .025, .018, .0080, .0046, .0029}},
      {"ddim, eta 1",
       {{.kind = kDdim, .eta = 1}, cosine},
       {.182, .095, .071, .041, .033, .026, .016, .0092, .0058}},
      {"dpm++2m cosine, even in time",
       {{.kind = kDpmpp2m}, cosine},
       {.104, .041, .029, .020, .019, .018, .0096, .0046, .0032}},
      {"dpm++2m cosine, even in log snr",
       {{.kind = kDpmpp2m, .grid = StepGrid::kLogSnr}, cosine},
       {.119, .053, .031, .014, .0092, .0056, .0058, .0038, .0020}},
      {"euler", {{.kind = kEuler}, flow}, {.107, .065, .048, .031, .025, .016, .011, .0043, .0036}},
      {"heun",
       {{.kind = kHeun}, flow},
       {.040, .026, .020, .011, .0082, .0053, .0034, .0031, .0034}},
      {"midpoint",
       {{.kind = kMidpoint}, flow},
       {.020, .0069, .0050, .0036, .0051, .0039, .0032, .0035, .0037}},
      {"ab2", {{.kind = kAb2}, flow}, {.055, .024, .020, .014, .012, .0097, .0045, .0081, .0016}},
      {"dpm++2m flow, even in time",
       {{.kind = kDpmpp2m}, flow},
       {.091, .029, .020, .016, .014, .011, .0044, .0030, .0022}},
      {"flow-sde",
       {{.kind = kFlowSde}, flow},
       {.155, .090, .066, .031, .021, .015, .0052, .0043, .0061}},
  };
}

inline std::vector<MixtureReference> ReferencesInSigma() {
  using enum SamplerKind;
  constexpr auto cosine = NoiseScheduleKind::kCosine, flow = NoiseScheduleKind::kFlow;
  return {
      {"dpm-solver-2, r .5",
       {{.kind = kDpmSolver2, .grid = StepGrid::kPolynomial}, cosine},
       {.321, .074, .045, .016, .010, .0071, .0082, .0034, .0028}},
      // Karras et al. 2022 count the step to sigma = 0, which is the last look.
      {"dpm-solver-2, r 1: Heun in sigma",
       {{.kind = kDpmSolver2, .r = 1, .grid = StepGrid::kPolynomial, .last_look = true}, cosine},
       {.912, .174, .089, .026, .017, .012, .0051, .0032, .0045},
       1},
      {"amed before training",
       {{.kind = kAmed, .grid = StepGrid::kPolynomial}, flow},
       {.321, .074, .045, .016, .010, .0071, .0082, .0034, .0028}},
      {"amed, r .4",
       {{.kind = kAmed, .grid = StepGrid::kPolynomial}, flow, .4},
       {.179, .033, .017, .0054, .0049, .0048, .0029, .0037, .0025}},
      {"amed, r .6",
       {{.kind = kAmed, .grid = StepGrid::kPolynomial}, flow, .6},
       {.483, .124, .081, .035, .026, .018, .0087, .0047, .0037}},
  };
}

inline std::vector<MixtureReference> MixtureReferences() {
  std::vector<MixtureReference> all = ReferencesInTime();
  std::ranges::move(ReferencesInSigma(), std::back_inserter(all));
  return all;
}

struct Estimate {
  double mean, error;
};

// What a run as the references are would find of such draws: the distance of 100 000 independent
// ones to as many of the truth. Shares of so many draws are off by Brownian bridges.
inline Estimate DistanceInARun(const MixtureShares& shares) {
  constexpr int64_t kRuns = 200, kDraws = 100'000;
  at::Generator rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 1);
  const auto noise = [&](const Tensor& share_G) {
    const Tensor step_G = at::diff(share_G, 1, -1, torch::zeros({1}, torch::kDouble)).clamp_min(0);
    const Tensor walk_RG =
        (torch::randn({kRuns, share_G.size(0)}, rng, torch::kDouble) * step_G.sqrt()).cumsum(1);
    return (walk_RG - walk_RG.slice(1, -1) * share_G) / std::sqrt(kDraws);
  };
  const Tensor error_RG =
      shares.draws_G + noise(shares.draws_G) - shares.truth_G - noise(shares.truth_G);
  const Tensor distance_R = error_RG.abs().mean(1) * shares.width;
  return {distance_R.mean().item<double>(), distance_R.std().item<double>()};
}

// The distance of the sampler's draws. Samplers without noise in their steps map even quantiles to
// even quantiles; for others the error is that of the distance of four blocks.
inline Estimate DistanceInARun(const MixtureSampler& sampler) {
  constexpr int64_t kBlocks = 4, kBlock = 40'000, kEven = 4'000;
  if (!AddsNoise(sampler.config)) {
    return DistanceInARun(MixtureShares(DrawEvenly(sampler, kEven)));
  }
  std::vector<Tensor> blocks;
  std::vector<double> distances;
  for (uint64_t seed = 0; seed < kBlocks; ++seed) {
    blocks.push_back(DrawEvenly(sampler, kBlock, torch::kFloat, seed));
    distances.push_back(MixtureShares(blocks.back()).Distance());
  }
  const Estimate run = DistanceInARun(MixtureShares(at::cat(blocks)));
  const double error = torch::tensor(distances).std().item<double>() / std::sqrt(kBlocks);
  return {run.mean, std::hypot(run.error, error)};
}

// By how many standard errors the reference differs from what a run of our sampler would find. A
// reference's own is .002 at least.
inline double SigmasOff(const MixtureReference& reference, size_t column) {
  MixtureSampler sampler = reference.sampler;
  sampler.config.steps = kMixtureSteps[column] - reference.fewer;
  const Estimate run = DistanceInARun(sampler);
  return (reference.errors[column] - run.mean) / std::max(run.error, .002);
}

}  // namespace tessera
