#include "heads/sampler/ddpm.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

constexpr double kMinVariance = 1e-20;  // of the step to the clean patch, whose logarithm is asked

NoiseLevel LevelAfter(const SamplerRun& run, size_t i) {
  return i + 1 < run.levels.size() ? run.levels[i + 1] : NoiseLevel();
}

Tensor NoiseOfStep(const SamplerRun& run, const Posterior& posterior, const Tensor& variance_ND) {
  switch (run.config.variance) {
    case StepVariance::kSmall:
      return run.noise() * std::sqrt(posterior.small);
    case StepVariance::kLarge:
      return run.noise() * std::sqrt(posterior.large);
    case StepVariance::kLearned: {
      TORCH_CHECK(variance_ND.defined(), "this head has not learned a variance");
      const double small = std::log(std::max(posterior.small, kMinVariance));
      const double large = std::log(std::max(posterior.large, kMinVariance));
      return run.noise() * ((small + variance_ND * (large - small)) / 2).exp();
    }
  }
  TORCH_CHECK(false, "step variance ", static_cast<int>(run.config.variance));
}

}  // namespace

Posterior PosteriorBetween(const NoiseLevel& level, const NoiseLevel& cleaner) {
  const double root = level.alpha * cleaner.sigma / (level.sigma * cleaner.alpha);
  const double kept = root * root;  // signal-to-noise ratio of level / that of cleaner
  return {.clean = cleaner.alpha * (1 - kept),
          .noisy = root * cleaner.sigma / level.sigma,
          .small = cleaner.sigma * cleaner.sigma * (1 - kept),
          .large = level.sigma * level.sigma * (1 - kept)};
}

Tensor Ddpm(const SamplerRun& run, Tensor x_ND) {
  for (size_t i = 0; i < run.levels.size(); ++i) {
    const Posterior posterior = PosteriorBetween(run.levels[i], LevelAfter(run, i));
    const Denoised denoised = run.denoise(x_ND, static_cast<int64_t>(i));
    x_ND = posterior.noisy * x_ND + posterior.clean * denoised.clean_ND;
    if (i + 1 < run.levels.size()) {
      x_ND =
          at::add(x_ND, NoiseOfStep(run, posterior, denoised.variance_ND), run.config.temperature);
    }
  }
  return x_ND;
}

Tensor Ddim(const SamplerRun& run, Tensor x_ND) {
  for (size_t i = 0; i < run.levels.size(); ++i) {
    const NoiseLevel level = run.levels[i];
    const NoiseLevel next = LevelAfter(run, i);
    const double sd = run.config.eta * std::sqrt(PosteriorBetween(level, next).small);
    const Tensor clean_ND = run.denoise(x_ND, static_cast<int64_t>(i)).clean_ND;
    const double direction = std::sqrt(std::max(0., next.sigma * next.sigma - sd * sd));
    const Tensor noise_ND = (x_ND - level.alpha * clean_ND) / level.sigma;
    x_ND = next.alpha * clean_ND + direction * noise_ND;
    if (sd > 0) {
      x_ND = at::add(x_ND, run.noise(), run.config.temperature * sd);
    }
  }
  return x_ND;
}

}  // namespace tessera
