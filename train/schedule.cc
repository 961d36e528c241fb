#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tessera {
namespace {

// From 1 to 0 over the run.
double Remaining(ScheduleKind kind, double progress) {
  switch (kind) {
    case ScheduleKind::kCosine:
      return 0.5 + 0.5 * std::cos(std::numbers::pi * progress);
    case ScheduleKind::kConstant:
      return 1;
    case ScheduleKind::kLinear:
      return 1 - progress;
  }
  return 1;
}

}  // namespace

double Progress(const TrainConfig& config, int64_t step, double minutes) {
  const double of_steps = config.steps > 0 ? static_cast<double>(step) / config.steps : 0;
  const double of_minutes = config.minutes > 0 ? minutes / config.minutes : 0;
  return std::clamp(std::max(of_steps, of_minutes), 0.0, 1.0);
}

double LearningRateFactor(const TrainConfig& config, int64_t step, double progress) {
  const double rise = step < config.warmup ? (step + 1.0) / (config.warmup + 1.0) : 1;
  const double remaining = Remaining(config.schedule, progress);
  return rise * (config.final_fraction + (1 - config.final_fraction) * remaining);
}

}  // namespace tessera
