// What can be chosen about drawing a patch: the sampler, its steps, and where it looks.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "config/enum_names.h"
#include "heads/sampler/sampler_kind.h"

namespace tessera {

enum class StepVariance { kSmall, kLarge, kLearned };
constexpr auto EnumNames(StepVariance) { return std::array{"small", "large", "learned"}; }

enum class StepGrid { kTime, kLogSnr, kPolynomial };
constexpr auto EnumNames(StepGrid) { return std::array{"time", "log-snr", "polynomial"}; }

struct SamplerConfig {
  SamplerKind kind = SamplerKind::kMidpoint;
  int64_t steps = 10;
  int64_t last_steps = 0;
  int64_t order = 3;
  double r = .5;
  bool corrected = true;
  double eta = 0;
  StepVariance variance = StepVariance::kSmall;
  StepGrid grid = StepGrid::kTime;
  double rho = 7;
  double sigma_max = 80;
  double sigma_min = .002;
  bool analytic_first = false;
  bool last_look = false;
  double time_shift = 1;
  double trained_share = .99;
  double temperature = 1;
  bool clip = false;

  bool operator==(const SamplerConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const SamplerRow& row = RowOf(self.kind);
    const bool flow_ode = StepsInFlowTime(self.kind) && row.noise == StepNoise::kNever;
    visit("kind", self.kind,
          "This method draws patches; midpoint, heun, dpm-solver-2 and amed call the network twice "
          "a step.");
    visit("steps", self.steps, "A patch is drawn in this many steps.");
    visit("last_steps", self.last_steps,
          "A picture's last patch has this many steps, reached evenly from steps; 0 gives all the "
          "same.",
          !row.fitted);
    visit("order", self.order, "The multistep formula has this order, 1 to 4.",
          row.own_key == SamplerKey::kOrder);
    visit("r", self.r,
          "A step looks again at this place between its begin (0) and its end (1) in log sigma.",
          row.own_key == SamplerKey::kR);
    visit("corrected", self.corrected,
          "The solver is corrected to third order; false is as published, of second.",
          row.own_key == SamplerKey::kCorrected);
    visit("eta", self.eta, "Steps are deterministic (0), or as noisy as those of ddpm (1).",
          row.own_key == SamplerKey::kEta);
    visit("variance", self.variance,
          "The noise of a step has this variance; learned needs a head with learn_variance.",
          row.own_key == SamplerKey::kVariance);
    SigmaFields(self, visit);
    visit("time_shift", self.time_shift,
          "This is a in t / (t + a (1 - t)), which moves the steps; above 1 they are finer in the "
          "noise.",
          flow_ode);
    visit(
        "trained_share", self.trained_share,
        "Noise below that of this share of the training times is not asked about: the last answer "
        "stands; 1 asks about all.",
        !row.fitted);
    visit("temperature", self.temperature,
          "The noise of the steps (ddpm, ddim with eta, flow-sde), or else the first noise, is "
          "scaled by this.");
    visit("clip", self.clip, "The predicted clean patch is clipped to [-1, 1], after guidance.");
  }

  std::string Problem() const {
    const SamplerRow& row = RowOf(kind);
    const bool anneals = last_steps != 0 && !row.fitted;
    const int64_t fewest = anneals ? std::min(steps, last_steps) : steps;
    const int64_t most = anneals ? std::max(steps, last_steps) : steps;
    if (fewest < row.fewest_steps) {
      return "steps must be at least " + std::to_string(row.fewest_steps) + " for " + row.name +
             "; so must last_steps, unless it is 0";
    }
    if (most > row.most_steps) {
      return std::string(row.name) + " has at most " + std::to_string(row.most_steps) + " steps";
    }
    if (eta < 0 || eta > 1 || temperature < 0 || time_shift <= 0) {
      return "eta must lie in [0, 1], temperature must not be negative, time_shift must be "
             "positive";
    }
    if (trained_share <= 0 || trained_share > 1) {
      return "trained_share must lie in (0, 1]";
    }
    return SigmaProblem(fewest);
  }

 private:
  // The keys of samplers that step in sigma.
  template <class Self, class Visitor>
  static void SigmaFields(Self& self, Visitor& visit) {
    const bool sigma = StepsInSigma(self.kind);
    visit("grid", self.grid,
          "The steps divide the time, the log SNR or sigma^(1/rho) (polynomial) evenly.",
          RowOf(self.kind).reads_grid);
    visit("rho", self.rho,
          "The polynomial grid has this power; above 1 steps are finer near the clean patch.",
          sigma && self.grid == StepGrid::kPolynomial);
    visit("sigma_max", self.sigma_max, "The ratio noise / signal is this at the begin.", sigma);
    visit("sigma_min", self.sigma_min,
          "The ratio noise / signal is this at the end, and stays without last_look.", sigma);
    visit("analytic_first", self.analytic_first,
          "The network is not asked at sigma_max, where almost all is noise and the direction is "
          "known.",
          sigma);
    visit("last_look", self.last_look,
          "The network is asked once more at sigma_min, so that the patch is E[x | y] there.",
          sigma);
  }

  std::string SigmaProblem(int64_t fewest) const {
    if (kind == SamplerKind::kDpmpp2m && grid == StepGrid::kPolynomial) {
      return "grid polynomial needs sigma_max and sigma_min, which dpm++2m does not have; use "
             "dpm++3m, or grid time or log-snr";
    }
    if (order < 1 || order > 4 || r <= 0 || r > 1) {
      return "order must be 1, 2, 3 or 4, and r must lie in (0, 1]";
    }
    if (rho <= 0 || sigma_min <= 0 || sigma_max <= sigma_min) {
      return "rho and sigma_min must be positive, sigma_max above sigma_min";
    }
    if (analytic_first && StepsInSigma(kind) && fewest < 2) {
      return "with analytic_first there must be at least 2 steps, or little is looked at";
    }
    return "";
  }
};

// How often the network is called for a patch; guidance makes each call larger.
constexpr int64_t Evaluations(const SamplerConfig& config) {
  const SamplerRow& row = RowOf(config.kind);
  int64_t count = row.evaluations * config.steps - row.saved_evaluations;
  if (StepsInSigma(config.kind)) {
    count += (config.last_look ? 1 : 0) - (config.analytic_first ? 1 : 0);
  }
  return count;
}

// Whether steps add noise. Where they do not, temperature scales the first noise instead.
constexpr bool AddsNoise(const SamplerConfig& config) {
  switch (RowOf(config.kind).noise) {
    case StepNoise::kNever:
      return false;
    case StepNoise::kWithEta:
      return config.eta > 0;
    case StepNoise::kAlways:
      return true;
  }
  return true;
}

// Returns the sampler for one patch of a picture: turn 0 has `steps` steps, the last turn
// `last_steps`, those between lie on a line (DiSA, Zhao et al. 2025: later patches need fewer).
inline SamplerConfig AtTurn(SamplerConfig config, int64_t turn, int64_t patches) {
  if (config.last_steps != 0 && patches > 1) {
    const double share = static_cast<double>(turn) / static_cast<double>(patches - 1);
    config.steps += std::lround(share * static_cast<double>(config.last_steps - config.steps));
  }
  config.last_steps = 0;
  return config;
}

}  // namespace tessera
