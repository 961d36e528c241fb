// What can be chosen about denoising diffusion of patches. Flow time everywhere: t = 0 is noise,
// t = 1 is data.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "config/enum_names.h"

namespace tessera {

// What the network puts out, or what its squared error is counted in: the clean patch x, the noise
// epsilon or the velocity v (heads/diffusion/prediction.h). At a given noisy patch and time each is
// an affine function of each other, so the choice weights the noise levels.
enum class Prediction { kX, kEpsilon, kV };
constexpr auto EnumNames(Prediction) { return std::array{"x", "epsilon", "v"}; }

// See heads/sampler/noise_schedule.h.
enum class NoiseScheduleKind { kFlow, kCosine };
constexpr auto EnumNames(NoiseScheduleKind) { return std::array{"flow", "cosine"}; }

enum class TimeDensity { kLogitNormal, kUniform };
constexpr auto EnumNames(TimeDensity) { return std::array{"logit-normal", "uniform"}; }

struct DiffusionConfig {
  Prediction prediction = Prediction::kX;
  Prediction loss = Prediction::kV;
  NoiseScheduleKind schedule = NoiseScheduleKind::kFlow;
  double noise_scale = 1;
  bool learn_variance = false;
  int64_t repeats = 2;
  TimeDensity time_density = TimeDensity::kLogitNormal;
  double time_mean = -.8;
  double time_sd = .8;
  double time_shift = 1;

  bool operator==(const DiffusionConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool flow = self.schedule == NoiseScheduleKind::kFlow;
    const bool logit_normal = self.time_density == TimeDensity::kLogitNormal;
    visit("prediction", self.prediction,
          "The network predicts the clean patch (x), the noise (epsilon) or the velocity (v).");
    visit("loss", self.loss, "The squared error is counted in x, epsilon or v.");
    visit("schedule", self.schedule,
          "Noise is added along straight paths (flow), or as DDPM does with 1000 levels (cosine).");
    visit("noise_scale", self.noise_scale, "Pure noise has this standard deviation.", flow);
    visit("learn_variance", self.learn_variance,
          "The variance of ddpm steps is learnt too, by the variational bound.", !flow);
    visit("repeats", self.repeats, "The loss takes this many noise draws of each patch.");
    visit("time_density", self.time_density, "Training times are drawn from this density.");
    visit("time_mean", self.time_mean, "The mean of logit(t) is this; below 0 favours noise.",
          logit_normal);
    visit("time_sd", self.time_sd, "The standard deviation of logit(t) is this.", logit_normal);
    visit("time_shift", self.time_shift,
          "This is a in t / (t + a (1 - t)), which moves the times; above 1 favours noise.");
  }

  std::string Problem() const {
    if (repeats < 1) {
      return "repeats must be at least 1";
    }
    return noise_scale <= 0 || time_sd < 0 || time_shift <= 0
               ? "noise_scale and time_shift must be positive, time_sd not negative"
               : "";
  }
};

}  // namespace tessera
