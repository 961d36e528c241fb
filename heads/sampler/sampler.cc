#include "heads/sampler/sampler.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "heads/sampler/amed.h"
#include "heads/sampler/ddpm.h"
#include "heads/sampler/ode.h"
#include "heads/sampler/sigma_path.h"

namespace tessera {
namespace {

// dpm++2m cannot start at pure noise, where log(alpha / sigma) is minus infinity.
constexpr double kFlowStart = 1e-3;
constexpr double kCosineStartLogSnr = -4.5;
constexpr double kLastLogSnr = 5.05;  // of the cleanest cosine level

// flow-sde: noise is added up to here; one deterministic step goes the rest of the way.
constexpr double kLastNoisyTime = .96;

std::vector<NoiseLevel> LevelsAtTimes(const NoiseSchedule& schedule, int64_t count, auto time) {
  std::vector<NoiseLevel> levels;
  for (int64_t i = 0; i < count; ++i) {
    levels.push_back(schedule.AtTime(time(i)));
  }
  return levels;
}

// Cosine: whole steps, spread evenly over 999 .. 0, both ends included.
std::vector<NoiseLevel> DdpmLevels(const NoiseSchedule& schedule, int64_t steps) {
  const double gaps = static_cast<double>(std::max<int64_t>(1, steps - 1));
  switch (schedule.kind()) {
    case NoiseScheduleKind::kFlow:
      return LevelsAtTimes(schedule, steps,
                           [=](double i) { return i / static_cast<double>(steps); });
    case NoiseScheduleKind::kCosine:
      return LevelsAtTimes(schedule, steps, [=](double i) {
        const double step = std::round((kCosineSteps - 1) * (1 - i / gaps));
        return 1 - (step + 1) / kCosineSteps;
      });
  }
  TORCH_CHECK(false, "noise schedule ", static_cast<int>(schedule.kind()));
}

std::vector<NoiseLevel> DpmLevels(const NoiseSchedule& schedule, StepGrid grid, int64_t steps) {
  const NoiseLevel first = schedule.kind() == NoiseScheduleKind::kFlow
                               ? schedule.AtTime(kFlowStart)
                               : schedule.AtLogSnr(kCosineStartLogSnr);
  std::vector<NoiseLevel> levels;
  switch (grid) {
    case StepGrid::kTime: {
      const double start = schedule.TimeOf(first);
      return LevelsAtTimes(schedule, steps, [=](double i) {
        return start + (1 - start) * i / static_cast<double>(steps);
      });
    }
    case StepGrid::kLogSnr: {
      const double start = std::log(first.alpha / first.sigma);
      const double gaps = static_cast<double>(std::max<int64_t>(1, steps - 1));
      for (int64_t i = 0; i < steps; ++i) {
        levels.push_back(
            schedule.AtLogSnr(start + (kLastLogSnr - start) * static_cast<double>(i) / gaps));
      }
      return levels;
    }
    case StepGrid::kPolynomial:
      break;  // refused by SamplerConfig::Problem
  }
  TORCH_CHECK(false, "step grid ", static_cast<int>(grid));
}

Tensor Solve(const SamplerRun& run, const Tensor& x_ND) {
  switch (run.config.kind) {
    case SamplerKind::kDdpm:
      return Ddpm(run, x_ND);
    case SamplerKind::kDdim:
      return Ddim(run, x_ND);
    case SamplerKind::kEuler:
      return Euler(run, x_ND);
    case SamplerKind::kHeun:
      return Heun(run, x_ND);
    case SamplerKind::kMidpoint:
      return Midpoint(run, x_ND);
    case SamplerKind::kAb2:
      return Ab2(run, x_ND);
    case SamplerKind::kDpmpp2m:
      return Dpmpp2m(run, x_ND);
    case SamplerKind::kFlowSde:
      return FlowSde(run, x_ND);
    case SamplerKind::kDpmSolver2:
      return DpmSolver2(run, x_ND);
    case SamplerKind::kDpmpp3m:
      return Dpmpp3m(run, x_ND);
    case SamplerKind::kIpndm:
    case SamplerKind::kIpndmV:
      return Ipndm(run, x_ND);
    case SamplerKind::kAmed:
      return Amed(run, x_ND);
  }
  TORCH_CHECK(false, "sampler ", static_cast<int>(run.config.kind));
}

Tensor SolveAndLook(const SamplerRun& run, const Tensor& x_ND) {
  const Tensor end_ND = Solve(run, x_ND);
  return StepsInSigma(run.config.kind) && run.config.last_look
             ? ExpectedAt(run, end_ND, std::ssize(run.levels) - 1)
             : end_ND;
}

}  // namespace

std::vector<NoiseLevel> SamplerLevels(const SamplerConfig& config, const NoiseSchedule& schedule) {
  const double steps = static_cast<double>(config.steps);
  const auto shifted = [&](double i) { return ShiftTime(i / steps, config.time_shift); };
  switch (config.kind) {
    case SamplerKind::kDdpm:
    case SamplerKind::kDdim:
      return DdpmLevels(schedule, config.steps);
    case SamplerKind::kEuler:
    case SamplerKind::kHeun:
    case SamplerKind::kAb2:
      return LevelsAtTimes(schedule, config.steps, shifted);
    case SamplerKind::kMidpoint:
      return LevelsAtTimes(schedule, 2 * config.steps, [&](int64_t i) {
        const double begin = shifted(static_cast<double>(i / 2));
        return i % 2 == 0 ? begin : (begin + shifted(static_cast<double>(i / 2 + 1))) / 2;
      });
    case SamplerKind::kDpmpp2m:
      return DpmLevels(schedule, config.grid, config.steps);
    case SamplerKind::kFlowSde:
      return LevelsAtTimes(schedule, config.steps,
                           [&](double i) { return kLastNoisyTime * i / (steps - 1); });
    case SamplerKind::kDpmSolver2:
    case SamplerKind::kDpmpp3m:
    case SamplerKind::kIpndm:
    case SamplerKind::kIpndmV:
    case SamplerKind::kAmed:
      return SigmaLevels(config, schedule);
  }
  TORCH_CHECK(false, "sampler ", static_cast<int>(config.kind));
}

CleanAt Clipped(CleanAt clean_at) {
  return [clean_at = std::move(clean_at)](const Tensor& y_ND, const Tensor& sigma_N1) {
    return clean_at(y_ND, sigma_N1).clamp(-1, 1);
  };
}

Tensor RunSampler(const SamplerRun& run) {
  const double scale = AddsNoise(run.config) ? 1 : run.config.temperature;
  const Tensor first_ND = run.noise() * (scale * run.levels.front().sigma);
  SamplerRun asked = run;
  Denoised last;
  asked.denoise = [&](const Tensor& x_ND, int64_t level) {
    if (level < run.unknown || !last.clean_ND.defined()) {
      last = run.denoise(x_ND, level);
      if (run.config.clip) {
        last.clean_ND = last.clean_ND.clamp(-1, 1);
      }
    }
    return last;
  };
  if (run.config.clip) {
    asked.clean_at = Clipped(run.clean_at);
  }
  return SolveAndLook(asked, first_ND);
}

}  // namespace tessera
