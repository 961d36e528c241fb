// What a sampler's row says, against what the sampler does.
#include "heads/sampler/sampler_kind.h"

#include <gtest/gtest.h>

#include <functional>

#include "config/toml.h"
#include "tests/heads/expected.h"
#include "tests/heads/mixture.h"

namespace tessera {
namespace {

struct Drawn {
  Tensor x_N1;
  int64_t looks = 0, noises = 0;
};

Drawn DrawOnce(const SamplerConfig& config, const NoiseSchedule& schedule) {
  const Mixture mixture;
  Drawn drawn;
  const auto look = [&](const Tensor& x_N1, double alpha, const Tensor& sigma_N1) {
    ++drawn.looks;
    return 2 * mixture.Clean(x_N1, alpha, sigma_N1);  // also outside [-1, 1]
  };
  at::Generator rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0);
  const auto noise = [&] {
    ++drawn.noises;
    return torch::randn({4, 1}, rng, torch::kDouble);
  };
  drawn.x_N1 = SampleExpected(config, schedule, look, noise);
  return drawn;
}

// A schedule that the sampler can follow.
NoiseSchedule ScheduleFor(const SamplerRow& row) {
  const bool flow = row.variable == StepVariable::kFlowTime;
  return {flow ? NoiseScheduleKind::kFlow : NoiseScheduleKind::kCosine, 1};
}

TEST(SamplerRow, CountsTheLooksAtEveryNumberOfSteps) {
  for (const SamplerRow& row : kSamplers) {
    for (int64_t steps = row.fewest_steps; steps <= 6; ++steps) {
      for (const bool first : {false, true}) {
        for (const bool last : {false, true}) {
          const SamplerConfig config{
              .kind = row.kind, .steps = steps, .analytic_first = first, .last_look = last};
          if (!config.Problem().empty()) {
            continue;
          }
          EXPECT_EQ(DrawOnce(config, ScheduleFor(row)).looks, Evaluations(config))
              << row.name << ", " << steps << " steps";
        }
      }
    }
  }
}

TEST(SamplerRow, SaysWhetherStepsAddNoise) {
  for (const SamplerRow& row : kSamplers) {
    for (const double eta : {0., .5}) {
      const SamplerConfig config{.kind = row.kind, .steps = 4, .eta = eta};
      EXPECT_EQ(DrawOnce(config, ScheduleFor(row)).noises > 1, AddsNoise(config)) << row.name;
    }
  }
}

TEST(SamplerRow, ServesTheSchedulesThatItsStepsAreFor) {
  for (const SamplerRow& row : kSamplers) {
    const auto problem = [&](NoiseScheduleKind schedule) {
      return SamplerProblem({.diffusion = {.schedule = schedule}}, {.kind = row.kind});
    };
    EXPECT_EQ(problem(NoiseScheduleKind::kFlow), "") << row.name;
    EXPECT_EQ(problem(NoiseScheduleKind::kCosine).empty(), !StepsInFlowTime(row.kind)) << row.name;
  }
}

struct Change {
  const char* key;
  std::function<void(SamplerConfig*)> apply;
};

std::vector<Change> Changes() {
  return {{"order", [](SamplerConfig* c) { c->order = 2; }},
          {"r", [](SamplerConfig* c) { c->r = .8; }},
          {"corrected", [](SamplerConfig* c) { c->corrected = false; }},
          {"eta", [](SamplerConfig* c) { c->eta = .5; }},
          {"variance", [](SamplerConfig* c) { c->variance = StepVariance::kLarge; }},
          {"grid", [](SamplerConfig* c) { c->grid = StepGrid::kLogSnr; }},
          {"rho", [](SamplerConfig* c) { c->rho = 3; }},
          {"sigma_max", [](SamplerConfig* c) { c->sigma_max = 40; }},
          {"sigma_min", [](SamplerConfig* c) { c->sigma_min = .01; }},
          {"analytic_first", [](SamplerConfig* c) { c->analytic_first = true; }},
          {"last_look", [](SamplerConfig* c) { c->last_look = true; }},
          {"time_shift", [](SamplerConfig* c) { c->time_shift = 2; }},
          {"temperature", [](SamplerConfig* c) { c->temperature = .5; }},
          {"clip", [](SamplerConfig* c) { c->clip = true; }}};
}

bool HasEffect(const SamplerConfig& config, const std::string& key) {
  for (const FieldInfo& field : ListFields(config)) {
    if (field.path == key) {
      return field.active;
    }
  }
  ADD_FAILURE() << key << " is no key of a sampler";
  return false;
}

// kind, steps and last_steps have no change here, nor has trained_share, which is about the head
// (tests/heads/diffusion/finer_solution_test.cc).
TEST(SamplerRow, SaysWhichKeysChangeWhatIsDrawn) {
  EXPECT_EQ(ListFields(SamplerConfig()).size(), Changes().size() + 4);
  for (const SamplerRow& row : kSamplers) {
    const bool polynomial = row.variable == StepVariable::kSigma;
    const SamplerConfig plain{
        .kind = row.kind, .steps = 5, .grid = polynomial ? StepGrid::kPolynomial : StepGrid::kTime};
    const Tensor plain_N1 = DrawOnce(plain, ScheduleFor(row)).x_N1;
    for (const Change& change : Changes()) {
      SamplerConfig changed = plain;
      change.apply(&changed);
      EXPECT_EQ(!torch::equal(DrawOnce(changed, ScheduleFor(row)).x_N1, plain_N1),
                HasEffect(plain, change.key))
          << row.name << ", " << change.key;
    }
  }
}

}  // namespace
}  // namespace tessera
