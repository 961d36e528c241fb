// What can be chosen about the image head. Flow time everywhere: t = 0 is noise, t = 1 is data.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "config/enum_names.h"
#include "heads/sampler/sampler_config.h"

namespace tessera {

enum class HeadKind { kDiffusion, kMse, kGmm, kFourier, kSoftmax256, kCodes };
constexpr auto EnumNames(HeadKind) {
  return std::array{"diffusion", "mse", "gmm", "fourier", "softmax256", "codes"};
}

enum class CodeSoftmax { kJoint, kIndependent, kAutoregressive };
constexpr auto EnumNames(CodeSoftmax) {
  return std::array{"joint", "independent", "autoregressive"};
}

enum class Covariance { kDiagonal, kPerChannel, kFull };
constexpr auto EnumNames(Covariance) { return std::array{"diagonal", "per_channel", "full"}; }

enum class Support { kPeriod, kLine };
constexpr auto EnumNames(Support) { return std::array{"period", "line"}; }

// What the network puts out, and in what the squared error is counted. At a given noisy patch and
// time each is an affine function of each other, so the choice weights the noise levels.
enum class Prediction { kX, kEpsilon, kV };
constexpr auto EnumNames(Prediction) { return std::array{"x", "epsilon", "v"}; }
enum class LossTarget { kX, kEpsilon, kV };
constexpr auto EnumNames(LossTarget) { return std::array{"x", "epsilon", "v"}; }

enum class NoiseScheduleKind { kFlow, kCosine };
constexpr auto EnumNames(NoiseScheduleKind) { return std::array{"flow", "cosine"}; }

enum class TimeDensity { kLogitNormal, kUniform };
constexpr auto EnumNames(TimeDensity) { return std::array{"logit-normal", "uniform"}; }

struct HeadConfig {
  HeadKind kind = HeadKind::kDiffusion;
  int64_t width = 256;
  int64_t depth = 3;
  Prediction prediction = Prediction::kX;
  LossTarget loss = LossTarget::kV;
  NoiseScheduleKind schedule = NoiseScheduleKind::kFlow;
  double noise_scale = 1;
  bool learn_variance = false;
  int64_t repeats = 2;
  TimeDensity time_density = TimeDensity::kLogitNormal;
  double time_mean = -.8;
  double time_sd = .8;
  double time_shift = 1;
  int64_t components = 16;
  Covariance covariance = Covariance::kDiagonal;
  int64_t frequencies = 16;
  Support support = Support::kPeriod;
  double half_period = 1.25;
  double smoothness = 0;
  CodeSoftmax softmax = CodeSoftmax::kJoint;

  bool operator==(const HeadConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool diffusion = self.kind == HeadKind::kDiffusion;
    const bool gmm = self.kind == HeadKind::kGmm;
    const bool fourier = self.kind == HeadKind::kFourier;
    const bool flow = self.schedule == NoiseScheduleKind::kFlow;
    const bool logit_normal = diffusion && self.time_density == TimeDensity::kLogitNormal;
    visit("kind", self.kind, "the family of distributions over a patch");
    visit("width", self.width, "of each hidden layer");
    visit("depth", self.depth, "residual blocks");
    visit("prediction", self.prediction, "what the network puts out", diffusion);
    visit("loss", self.loss, "what the squared error is counted in", diffusion);
    visit("schedule", self.schedule, "flow: straight paths; cosine: DDPM with 1000 noise levels",
          diffusion);
    visit("noise_scale", self.noise_scale, "standard deviation of pure noise", diffusion && flow);
    visit("learn_variance", self.learn_variance, "of the ddpm steps, by the variational bound",
          diffusion && !flow);
    visit("repeats", self.repeats, "noise draws per patch in the loss", diffusion);
    visit("time_density", self.time_density, "of the training times", diffusion);
    visit("time_mean", self.time_mean, "of logit(t); below 0 favours noise", logit_normal);
    visit("time_sd", self.time_sd, "of logit(t)", logit_normal);
    visit("time_shift", self.time_shift, "a in t / (t + a (1 - t)); above 1 favours noise",
          diffusion);
    visit("components", self.components, "of the mixture", gmm);
    visit("covariance", self.covariance,
          "of a component, over the patch; per_channel: a mixture for each number alone", gmm);
    visit("frequencies", self.frequencies, "N: the density of a number has 2 N + 2 parameters",
          fourier);
    visit("support", self.support,
          "period: [-half_period, half_period], whose ends meet; line: all numbers, by tanh",
          fourier);
    visit("half_period", self.half_period, "numbers lie in [-1, 1]; of a line, the map's scale",
          fourier);
    visit("smoothness", self.smoothness, "times the integral of the squared slope, in the loss",
          fourier);
    visit("softmax", self.softmax,
          "over all codes of a vector, or over a digit, given nothing or the digits before it",
          self.kind == HeadKind::kCodes);
  }

  std::string Problem() const {
    if (width < 1 || depth < 0 || repeats < 1) {
      return "width and repeats must be at least 1, depth at least 0";
    }
    if (noise_scale <= 0 || time_sd < 0 || time_shift <= 0) {
      return "noise_scale and time_shift must be positive, time_sd not negative";
    }
    if (components < 1 || frequencies < 1 || smoothness < 0) {
      return "components and frequencies must be at least 1, smoothness not negative";
    }
    if (half_period <= 0 || (support == Support::kPeriod && half_period < 256. / 255)) {
      return "half_period must be positive, and of a period at least 256/255: numbers reach that "
             "far with the rounding of 8-bit pictures";
    }
    return "";
  }
};

// What forbids sampling this head with this sampler; empty if nothing does.
inline std::string SamplerProblem(const HeadConfig& head, const SamplerConfig& sampler) {
  if (head.kind != HeadKind::kDiffusion) {
    const bool only_temperature = sampler == SamplerConfig{.temperature = sampler.temperature};
    return only_temperature ? sampler.Problem()
                            : "head " + std::string(EnumName(head.kind)) +
                                  " draws a patch without steps: of the sampler's keys it reads "
                                  "temperature alone; remove the others";
  }
  const bool cosine = head.schedule == NoiseScheduleKind::kCosine;
  if (cosine && StepsInFlowTime(sampler.kind)) {
    return "sampler " + std::string(EnumName(sampler.kind)) +
           " needs a head with the flow schedule; with cosine use ddpm, ddim, dpm++2m or one that "
           "walks in sigma, such as ipndm";
  }
  const bool learned =
      sampler.kind == SamplerKind::kDdpm && sampler.variance == StepVariance::kLearned;
  if (learned && !(head.learn_variance && cosine)) {
    return "variance learned needs a cosine head trained with learn_variance = true";
  }
  return sampler.Problem();
}

}  // namespace tessera
