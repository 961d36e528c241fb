#include "heads/sampler/noise_schedule.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tessera {
namespace {

constexpr double kOffset = .008;  // keeps the first steps from being too small to learn
constexpr double kMaxBeta = .999;

// Share of the signal's energy left at u in [0, 1], not yet divided by its value at 0.
double CosineEnergy(double u) {
  const double root = std::cos((u + kOffset) / (1 + kOffset) * std::numbers::pi / 2);
  return root * root;
}

NoiseLevel CosineLevel(double step) {
  const double alpha_bar = CosineAlphaBar(step);
  return {std::max(step, 0.), std::sqrt(alpha_bar), std::sqrt(1 - alpha_bar)};
}

double CosineStep(double alpha_bar) {
  const double angle = std::acos(std::sqrt(alpha_bar * CosineEnergy(0)));
  return kCosineSteps * (angle * 2 / std::numbers::pi * (1 + kOffset) - kOffset) - 1;
}

}  // namespace

double CosineAlphaBar(double step) {
  const auto uncapped = [](double k) {
    return CosineEnergy((k + 1) / kCosineSteps) / CosineEnergy(0);
  };
  return std::max(uncapped(step), (1 - kMaxBeta) * uncapped(kCosineSteps - 2));
}

NoiseSchedule::NoiseSchedule(NoiseScheduleKind kind, double noise_scale)
    : kind_(kind), noise_scale_(kind == NoiseScheduleKind::kFlow ? noise_scale : 1) {
  std::vector<double> alphas;
  for (int64_t step = 0; step < kCosineSteps; ++step) {
    alphas.push_back(std::sqrt(CosineAlphaBar(static_cast<double>(step))));
  }
  alpha_T_ = torch::tensor(alphas, torch::kDouble);
}

NoiseLevel NoiseSchedule::AtTime(double t) const {
  switch (kind_) {
    case NoiseScheduleKind::kFlow:
      return {1000 * t, t, noise_scale_ * (1 - t)};
    case NoiseScheduleKind::kCosine:
      return CosineLevel(kCosineSteps * (1 - t) - 1);
  }
  TORCH_CHECK(false, "noise schedule ", static_cast<int>(kind_));
}

NoiseLevel NoiseSchedule::AtLogSnr(double log_snr) const {
  switch (kind_) {
    case NoiseScheduleKind::kFlow:
      return AtTime(1 / (1 + std::exp(-log_snr) / noise_scale_));
    case NoiseScheduleKind::kCosine:
      return CosineLevel(CosineStep(1 / (1 + std::exp(-2 * log_snr))));
  }
  TORCH_CHECK(false, "noise schedule ", static_cast<int>(kind_));
}

NoiseLevels NoiseSchedule::AtTimes(const Tensor& t) const {
  switch (kind_) {
    case NoiseScheduleKind::kFlow:
      return {1000 * t, t, noise_scale_ * (1 - t)};
    case NoiseScheduleKind::kCosine: {
      const Tensor step = (kCosineSteps * (1 - t)).to(torch::kLong).clamp_max(kCosineSteps - 1);
      const Tensor alpha = alpha_T_.to(t.device()).index({step});
      return {step.to(t.options()), alpha.to(t.options()),
              (1 - alpha.square()).sqrt().to(t.options())};
    }
  }
  TORCH_CHECK(false, "noise schedule ", static_cast<int>(kind_));
}

NoiseLevels NoiseSchedule::AtSigmas(const Tensor& sigma) const {
  switch (kind_) {
    case NoiseScheduleKind::kFlow: {
      const Tensor t = 1 / (1 + sigma / noise_scale_);
      return {1000 * t, t, sigma * t};
    }
    case NoiseScheduleKind::kCosine: {
      const Tensor alpha = (1 + sigma.square()).rsqrt();
      const Tensor angle = (alpha * std::sqrt(CosineEnergy(0))).acos();
      const Tensor u = angle * (2 / std::numbers::pi * (1 + kOffset)) - kOffset;
      return {(kCosineSteps * u - 1).clamp_min(0), alpha, sigma * alpha};
    }
  }
  TORCH_CHECK(false, "noise schedule ", static_cast<int>(kind_));
}

double NoiseSchedule::TimeOf(const NoiseLevel& level) const {
  switch (kind_) {
    case NoiseScheduleKind::kFlow:
      return level.alpha;
    case NoiseScheduleKind::kCosine:
      return 1 - (level.tau + 1) / kCosineSteps;
  }
  TORCH_CHECK(false, "noise schedule ", static_cast<int>(kind_));
}

double NoiseSchedule::FlowTime(const NoiseLevel& level) const {
  return level.alpha / (level.alpha + level.sigma / noise_scale_);
}

Tensor NoiseSchedule::FlowTime(const NoiseLevels& levels) const {
  return levels.alpha / (levels.alpha + levels.sigma / noise_scale_);
}

NoiseLevels Stack(const std::vector<NoiseLevel>& levels) {
  std::vector<double> tau, alpha, sigma;
  for (const NoiseLevel& level : levels) {
    tau.push_back(level.tau);
    alpha.push_back(level.alpha);
    sigma.push_back(level.sigma);
  }
  const auto tensor = [](const std::vector<double>& v) { return torch::tensor(v, torch::kDouble); };
  return {tensor(tau), tensor(alpha), tensor(sigma)};
}

double ShiftTime(double t, double shift) { return t / (t + shift * (1 - t)); }

Tensor DrawTimes(const DiffusionConfig& config, at::IntArrayRef shape, at::Generator rng,
                 torch::TensorOptions options) {
  Tensor t;
  switch (config.time_density) {
    case TimeDensity::kLogitNormal:
      t = at::randn(shape, rng, options).mul_(config.time_sd).add_(config.time_mean).sigmoid_();
      break;
    case TimeDensity::kUniform:
      t = at::rand(shape, rng, options);
      break;
  }
  return config.time_shift == 1 ? t : t / (t + config.time_shift * (1 - t));
}

double TimeQuantile(const DiffusionConfig& config, double share) {
  if (share == 1) {
    return 1;
  }
  switch (config.time_density) {
    case TimeDensity::kLogitNormal: {
      const double normal = at::special_ndtri(torch::tensor(share, torch::kDouble)).item<double>();
      const double logit = config.time_mean + config.time_sd * normal;
      return ShiftTime(1 / (1 + std::exp(-logit)), config.time_shift);
    }
    case TimeDensity::kUniform:
      return ShiftTime(share, config.time_shift);
  }
  TORCH_CHECK(false, "time density ", static_cast<int>(config.time_density));
}

}  // namespace tessera
