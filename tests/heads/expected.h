// Runs a sampler where the expected clean patch is known in closed form, at any level.
// N = draws, D = numbers a patch.
#pragma once

#include <ATen/Functions.h>
#include <torch/types.h>

#include "heads/sampler/amed.h"
#include "heads/sampler/sampler.h"
#include "ops/random.h"

namespace tessera {

// E[x | x_t], x_t = alpha x + sigma n. sigma is that of all patches, [1, 1], or of each, [N, 1].
using Expected = std::function<Tensor(const Tensor& x_ND, double alpha, const Tensor& sigma_N1)>;

// A predictor for patches of dim numbers, in double.
inline std::shared_ptr<AmedPredictor> UntrainedAmed(int64_t dim, const AmedConfig& config = {}) {
  auto predictor = std::make_shared<AmedPredictor>(config, dim);
  predictor->to(torch::kDouble);
  return predictor;
}

inline Tensor SampleExpected(const SamplerConfig& config, const NoiseSchedule& schedule,
                             const Expected& expected, const NoiseSource& noise,
                             std::shared_ptr<AmedPredictor> amed = nullptr) {
  const std::vector<NoiseLevel> levels = SamplerLevels(config, schedule);
  const auto denoise = [&](const Tensor& x_ND, int64_t i) -> Denoised {
    const NoiseLevel& level = levels[static_cast<size_t>(i)];
    return {expected(x_ND, level.alpha, torch::full({1, 1}, level.sigma, torch::kDouble)), {}};
  };
  const auto clean_at = [&](const Tensor& y_ND, const Tensor& sigma_N1) {
    return expected(y_ND, 1, sigma_N1);
  };
  if (config.kind == SamplerKind::kAmed && amed == nullptr) {
    amed = UntrainedAmed(1, {.features = 0});  // blind, so that it takes patches of any size
  }
  return RunSampler({.config = config,
                     .levels = levels,
                     .denoise = denoise,
                     .noise = noise,
                     .clean_at = clean_at,
                     .amed = amed});
}

struct SamplerCase {
  std::string name;
  SamplerConfig sampler;
  NoiseSchedule schedule;
};

// Every sampler on every schedule that it can walk on, and each of its own choices.
inline std::vector<SamplerCase> SamplerCases(int64_t steps) {
  std::vector<SamplerCase> cases;
  const auto add = [&](const SamplerConfig& sampler, NoiseScheduleKind schedule) {
    if (SamplerProblem({.diffusion = {.schedule = schedule}}, sampler).empty()) {
      const std::string name = std::string(EnumName(sampler.kind)) + " on " +
                               std::string(EnumName(schedule)) + ", case " +
                               std::to_string(cases.size());
      cases.push_back({name, sampler, NoiseSchedule(schedule, 1)});
    }
  };
  for (size_t kind = 0; kind < EnumNames(SamplerKind{}).size(); ++kind) {
    for (const auto schedule : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
      const SamplerConfig plain{.kind = static_cast<SamplerKind>(kind), .steps = steps};
      add(plain, schedule);
      for (const StepGrid grid : {StepGrid::kLogSnr, StepGrid::kPolynomial}) {
        SamplerConfig other = plain;
        other.grid = grid;
        other.eta = 1;
        other.variance = StepVariance::kLarge;
        other.corrected = false;
        other.order = 4;
        other.r = 1;
        other.last_look = grid == StepGrid::kPolynomial;
        add(other, schedule);
      }
    }
  }
  return cases;
}

// Data N(mean, sd^2) in every number.
struct Gaussian {
  double mean, sd;

  Tensor operator()(const Tensor& x_ND, double alpha, const Tensor& sigma_N1) const {
    const Tensor gain_N1 = alpha * sd * sd / (alpha * alpha * sd * sd + sigma_N1.square());
    return mean + gain_N1 * (x_ND - alpha * mean);
  }

  // Where the sampling curve through y at sigma `from` is at sigma `to`.
  Tensor Curve(const Tensor& y_ND, double from, double to) const {
    return mean + (y_ND - mean) * std::sqrt((sd * sd + to * to) / (sd * sd + from * from));
  }
};

}  // namespace tessera
