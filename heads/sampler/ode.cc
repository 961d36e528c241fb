#include "heads/sampler/ode.h"

#include <ATen/Functions.h>

#include <cmath>

namespace tessera {
namespace {

// Flow time of a level; 1, clean, past the last one.
double TimeAt(const SamplerRun& run, int64_t level) {
  const auto size = static_cast<int64_t>(run.levels.size());
  return level < size ? run.levels[static_cast<size_t>(level)].alpha : 1;
}

Tensor Look(const SamplerRun& run, const Tensor& x_ND, int64_t level) {
  return run.denoise(x_ND, level).clean_ND;
}

// Where the straight line from x_ND, seen at `from`, to the clean patch is at time `to`. At to = 1
// this is the clean patch itself.
Tensor Advance(const Tensor& x_ND, const Tensor& clean_ND, double from, double to) {
  return at::lerp(x_ND, clean_ND, (to - from) / (1 - from));
}

Tensor Velocity(const SamplerRun& run, const Tensor& x_ND, int64_t level) {
  return (Look(run, x_ND, level) - x_ND) / (1 - TimeAt(run, level));
}

double LogSnr(const NoiseLevel& level) { return std::log(level.alpha / level.sigma); }

}  // namespace

Tensor Euler(const SamplerRun& run, Tensor x_ND) {
  for (int64_t i = 0; i < run.config.steps; ++i) {
    x_ND = Advance(x_ND, Look(run, x_ND, i), TimeAt(run, i), TimeAt(run, i + 1));
  }
  return x_ND;
}

Tensor Heun(const SamplerRun& run, Tensor x_ND) {
  const int64_t last = run.config.steps - 1;
  for (int64_t i = 0; i < last; ++i) {
    const double h = TimeAt(run, i + 1) - TimeAt(run, i);
    const Tensor begin_ND = Velocity(run, x_ND, i);
    const Tensor end_ND = Velocity(run, at::add(x_ND, begin_ND, h), i + 1);
    x_ND = at::add(x_ND, begin_ND + end_ND, h / 2);
  }
  return Look(run, x_ND, last);
}

Tensor Midpoint(const SamplerRun& run, Tensor x_ND) {
  for (int64_t begin = 0; begin < 2 * run.config.steps; begin += 2) {
    const double t = TimeAt(run, begin);
    const Tensor middle_ND = Advance(x_ND, Look(run, x_ND, begin), t, TimeAt(run, begin + 1));
    const double h = TimeAt(run, begin + 2) - t;
    x_ND = at::add(x_ND, Velocity(run, middle_ND, begin + 1), h);
  }
  return x_ND;
}

Tensor Ab2(const SamplerRun& run, Tensor x_ND) {
  const int64_t last = run.config.steps - 1;
  Tensor before_ND;
  for (int64_t i = 0; i < last; ++i) {
    const double h = TimeAt(run, i + 1) - TimeAt(run, i);
    const Tensor now_ND = Velocity(run, x_ND, i);
    // The steps have lengths h and h_before: extrapolate to the middle of the step to come.
    const double ahead = i == 0 ? 0 : h / (2 * (TimeAt(run, i) - TimeAt(run, i - 1)));
    const Tensor ahead_ND = i == 0 ? now_ND : at::add(now_ND, now_ND - before_ND, ahead);
    x_ND = at::add(x_ND, ahead_ND, h);
    before_ND = now_ND;
  }
  return Look(run, x_ND, last);
}

Tensor Dpmpp2m(const SamplerRun& run, Tensor x_ND) {
  const int64_t last = run.config.steps - 1;
  Tensor before_ND;
  double h_before = 0;
  for (int64_t i = 0; i < last; ++i) {
    const NoiseLevel level = run.levels[static_cast<size_t>(i)];
    const NoiseLevel next = run.levels[static_cast<size_t>(i + 1)];
    const double h = LogSnr(next) - LogSnr(level);
    const Tensor clean_ND = Look(run, x_ND, i);
    // The step has second order, from the last two looks, except before there are two and at the
    // end.
    const bool second_order = i > 0 && i < last - 1;
    const double ahead = second_order ? h / (2 * h_before) : 0;
    const Tensor used_ND = second_order ? at::add(clean_ND, clean_ND - before_ND, ahead) : clean_ND;
    x_ND = at::add(x_ND * (next.sigma / level.sigma), used_ND, -next.alpha * std::expm1(-h));
    before_ND = clean_ND;
    h_before = h;
  }
  return Look(run, x_ND, last);
}

Tensor FlowSde(const SamplerRun& run, Tensor x_ND) {
  const double noise_scale = run.levels.front().sigma;  // at t = 0
  const int64_t last = run.config.steps - 1;
  for (int64_t i = 0; i < last; ++i) {
    const double t = TimeAt(run, i);
    const double h = TimeAt(run, i + 1) - t;
    const Tensor velocity_ND = Velocity(run, x_ND, i);
    const Tensor drift_ND = (1 + t) * velocity_ND - x_ND;
    const double sd = noise_scale * std::sqrt(2 * (1 - t) * h);
    x_ND = at::add(at::add(x_ND, drift_ND, h), run.noise(), run.config.temperature * sd);
  }
  return Look(run, x_ND, last);
}

}  // namespace tessera
