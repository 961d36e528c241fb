// Which samplers there are, and what is known of each beside its mathematics: one row a sampler. A
// new one is an enumerator, its row, a function, and its cases in heads/sampler/sampler.cc.
#pragma once

#include <array>
#include <cstdint>

#include "config/enum_names.h"

namespace tessera {

enum class SamplerKind {
  kDdpm,
  kDdim,
  kEuler,
  kHeun,
  kMidpoint,
  kAb2,
  kDpmpp2m,
  kFlowSde,
  kDpmSolver2,
  kDpmpp3m,
  kIpndm,
  kIpndmV,
  kAmed  // stays the last, so that a missing row does not compile
};

// What a sampler divides into steps. Flow time needs a flow schedule. Sigma is noise / signal,
// from sigma_max to sigma_min, and serves any schedule (heads/sampler/sigma_path.h).
enum class StepVariable { kSchedule, kFlowTime, kSigma };

// Whether a step adds noise. Where none does, the first noise is the only one.
enum class StepNoise { kNever, kWithEta, kAlways };

// The key that one sampler reads and, but for ipndm and ipndm-v, no other does.
enum class SamplerKey { kNone, kVariance, kEta, kR, kCorrected, kOrder };

struct SamplerRow {
  SamplerKind kind;
  const char* name;
  StepVariable variable;
  StepNoise noise = StepNoise::kNever;
  SamplerKey own_key = SamplerKey::kNone;
  int64_t evaluations = 1;        // calls of the network a step
  int64_t saved_evaluations = 0;  // calls that the last step does without
  int64_t fewest_steps = 1;
  int64_t most_steps = 10'000;  // their levels are held in memory, and nothing gains from more
  bool reads_grid = false;
  bool fitted = false;  // needs a predictor that was fitted to its number of steps
};

inline constexpr std::array kSamplers = {
    SamplerRow{.kind = SamplerKind::kDdpm,
               .name = "ddpm",
               .variable = StepVariable::kSchedule,
               .noise = StepNoise::kAlways,
               .own_key = SamplerKey::kVariance,
               .most_steps = 1000},
    SamplerRow{.kind = SamplerKind::kDdim,
               .name = "ddim",
               .variable = StepVariable::kSchedule,
               .noise = StepNoise::kWithEta,
               .own_key = SamplerKey::kEta,
               .most_steps = 1000},
    SamplerRow{.kind = SamplerKind::kEuler, .name = "euler", .variable = StepVariable::kFlowTime},
    SamplerRow{.kind = SamplerKind::kHeun,
               .name = "heun",
               .variable = StepVariable::kFlowTime,
               .evaluations = 2,
               .saved_evaluations = 1},
    SamplerRow{.kind = SamplerKind::kMidpoint,
               .name = "midpoint",
               .variable = StepVariable::kFlowTime,
               .evaluations = 2},
    SamplerRow{.kind = SamplerKind::kAb2, .name = "ab2", .variable = StepVariable::kFlowTime},
    SamplerRow{.kind = SamplerKind::kDpmpp2m,
               .name = "dpm++2m",
               .variable = StepVariable::kSchedule,
               .reads_grid = true},
    SamplerRow{.kind = SamplerKind::kFlowSde,
               .name = "flow-sde",
               .variable = StepVariable::kFlowTime,
               .noise = StepNoise::kAlways,
               .fewest_steps = 2},
    SamplerRow{.kind = SamplerKind::kDpmSolver2,
               .name = "dpm-solver-2",
               .variable = StepVariable::kSigma,
               .own_key = SamplerKey::kR,
               .evaluations = 2,
               .reads_grid = true},
    SamplerRow{.kind = SamplerKind::kDpmpp3m,
               .name = "dpm++3m",
               .variable = StepVariable::kSigma,
               .own_key = SamplerKey::kCorrected,
               .reads_grid = true},
    SamplerRow{.kind = SamplerKind::kIpndm,
               .name = "ipndm",
               .variable = StepVariable::kSigma,
               .own_key = SamplerKey::kOrder,
               .reads_grid = true},
    SamplerRow{.kind = SamplerKind::kIpndmV,
               .name = "ipndm-v",
               .variable = StepVariable::kSigma,
               .own_key = SamplerKey::kOrder,
               .reads_grid = true},
    SamplerRow{.kind = SamplerKind::kAmed,
               .name = "amed",
               .variable = StepVariable::kSigma,
               .evaluations = 2,
               .reads_grid = true,
               .fitted = true},
};

static_assert(HasEachRow(kSamplers, SamplerKind::kAmed), "a SamplerKind has no row in kSamplers");

constexpr const SamplerRow& RowOf(SamplerKind kind) { return kSamplers[static_cast<size_t>(kind)]; }

constexpr auto EnumNames(SamplerKind) { return NamesIn(kSamplers); }

constexpr bool StepsInFlowTime(SamplerKind kind) {
  return RowOf(kind).variable == StepVariable::kFlowTime;
}

constexpr bool StepsInSigma(SamplerKind kind) {
  return RowOf(kind).variable == StepVariable::kSigma;
}

}  // namespace tessera
