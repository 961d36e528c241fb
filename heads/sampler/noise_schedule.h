// How much noise a patch carries: x_t = alpha x + sigma n, with n standard normal.
//   flow    alpha = t, sigma = s (1 - t); s is the noise scale. The network reads tau = 1000 t.
//   cosine  DDPM with 1000 steps (Nichol and Dhariwal 2021, eq. 17), alpha^2 + sigma^2 = 1. The
//           network reads the step k, 999 = most noise. Its time is t = 1 - (k + 1) / 1000.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <vector>

#include "heads/diffusion/diffusion_config.h"
#include "heads/sampler/sampler_config.h"

namespace tessera {

using torch::Tensor;

constexpr int64_t kCosineSteps = 1000;

struct NoiseLevel {
  double tau = 0;    // what the network is conditioned on
  double alpha = 1;  // by default a clean patch
  double sigma = 0;
};

// Many noise levels: a tensor for each number, all of one shape.
struct NoiseLevels {
  Tensor tau;
  Tensor alpha;
  Tensor sigma;
};

// Product of (1 - beta) up to the step, which may lie between two integers. beta is capped at .999,
// which touches the last step only.
double CosineAlphaBar(double step);

class NoiseSchedule {
 public:
  NoiseSchedule(NoiseScheduleKind kind, double noise_scale);

  NoiseScheduleKind kind() const { return kind_; }
  double noise_scale() const { return noise_scale_; }

  NoiseLevel AtTime(double t) const;
  NoiseLevel AtLogSnr(double log_snr) const;  // of log(alpha / sigma)
  // The levels at training times; those of the cosine schedule fall to a whole step.
  NoiseLevels AtTimes(const Tensor& t) const;

  // The levels with these noise deviations on a signal of scale 1, differentiable.
  NoiseLevels AtSigmas(const Tensor& sigma) const;

  double TimeOf(const NoiseLevel& level) const;  // the inverse of AtTime

  // Flow time of the same signal-to-noise ratio, which compares levels across schedules.
  double FlowTime(const NoiseLevel& level) const;
  Tensor FlowTime(const NoiseLevels& levels) const;

 private:
  NoiseScheduleKind kind_;
  double noise_scale_;
  Tensor alpha_T_;  // of the 1000 cosine steps, double
};

// One level a number, in double, as tensors of shape [S].
NoiseLevels Stack(const std::vector<NoiseLevel>& levels);

// a in t / (t + a (1 - t)): the same times for a larger picture, whose neighbours say more.
double ShiftTime(double t, double shift);

// Times of the training noise, independent draws from the configured density.
Tensor DrawTimes(const DiffusionConfig& config, at::IntArrayRef shape, at::Generator rng,
                 torch::TensorOptions options);

// The time before which a share of them lies, in (0, 1]; the share 1 is the clean patch's time 1.
double TimeQuantile(const DiffusionConfig& config, double share);

}  // namespace tessera
