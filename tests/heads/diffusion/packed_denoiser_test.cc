// What an image head draws over packed weights, against what it draws without.
#include "heads/diffusion/packed_denoiser.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "tests/heads/random_head.h"
#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

std::shared_ptr<ImageHead> FloatHead(const HeadConfig& config) {
  auto head = RandomHead(config);
  head->to(torch::kFloat);
  return head;
}

Tensor Z(uint64_t item) { return Randn({5, kConditionDim}, item).to(torch::kFloat); }

// None, of all times and of some; one that leaves out a condition; three conditions.
std::vector<Conditions> EveryGuidance() {
  const Tensor one = at::ones({5, 1}), weight = at::linspace(0, 3, 5).unsqueeze(1);
  const std::vector<GuidanceCondition> two = {{Z(1), weight}, {Z(2), 1 - weight}};
  return {{{{Z(1), one}}},
          {two},
          {two, .3, .8},
          {{{Z(1), 0 * one}, {Z(2), one}}, .3, .8},
          {{{Z(1), weight}, {Z(2), 2 - weight}, {Z(3), -one}}}};
}

double Difference(ImageHead& head, const Conditions& conditions, const SamplerConfig& sampler) {
  auto rngs = Rngs(5), again = Rngs(5);
  const Tensor plain = head.Sample(conditions, {sampler}, rngs);
  const Tensor packed = head.PackedSampler(WeightStorage::kF32)(conditions, {sampler}, again);
  EXPECT_EQ(packed.sizes(), plain.sizes());
  return (packed - plain).abs().max().item<double>() / plain.abs().max().item<double>();
}

TEST(PackedDenoiser, DrawsWhatTheHeadDrawsByEverySamplerUnderEveryGuidance) {
  int64_t compared = 0;
  for (const NoiseScheduleKind schedule : EveryValue<NoiseScheduleKind>()) {
    for (const Prediction prediction : EveryValue<Prediction>()) {
      HeadConfig config{.width = 40, .depth = 2};
      config.diffusion.schedule = schedule;
      config.diffusion.prediction = prediction;
      const auto head = FloatHead(config);
      for (const SamplerRow& row : kSamplers) {
        const SamplerConfig sampler{.kind = row.kind, .steps = 4};
        if (row.fitted || !SamplerProblem(config, sampler).empty()) {
          continue;
        }
        for (const Conditions& conditions : EveryGuidance()) {
          EXPECT_LT(Difference(*head, conditions, sampler), 1e-4)
              << row.name << " " << EnumName(schedule) << " " << EnumName(prediction);
          ++compared;
        }
      }
    }
  }
  EXPECT_GT(compared, 200);
}

TEST(PackedDenoiser, DrawsWithALearnedVariance) {
  HeadConfig config{.width = 40, .depth = 2};
  config.diffusion.schedule = NoiseScheduleKind::kCosine;
  config.diffusion.learn_variance = true;
  const SamplerConfig sampler{
      .kind = SamplerKind::kDdpm, .steps = 5, .variance = StepVariance::kLearned};
  for (const Conditions& conditions : EveryGuidance()) {
    EXPECT_LT(Difference(*FloatHead(config), conditions, sampler), 1e-4);
  }
}

TEST(PackedDenoiser, ComputesModulationsInChunksIfThereAreMany) {
  HeadConfig config{.width = 256, .depth = 3};
  const SamplerConfig sampler{.kind = SamplerKind::kEuler, .steps = 100};
  EXPECT_LT(Difference(*FloatHead(config), EveryGuidance().back(), sampler), 1e-4);
}

TEST(PackedDenoiser, KnowsTheScheduleOfEachCall) {
  const auto head = FloatHead({.width = 40, .depth = 1});
  const PatchSampler packed = head->PackedSampler(WeightStorage::kF32);
  for (const int64_t steps : {3, 3, 2, 5}) {
    const SamplerConfig sampler{.kind = SamplerKind::kHeun, .steps = steps};
    auto rngs = Rngs(5), again = Rngs(5);
    const Conditions conditions = EveryGuidance()[1];
    EXPECT_TRUE(at::allclose(packed(conditions, {sampler}, rngs),
                             head->Sample(conditions, {sampler}, again), 1e-4, 1e-4));
  }
}

TEST(PackedDenoiser, RoundsWeightsToTheStorageThatIsAskedFor) {
  const auto head = FloatHead({.width = 64, .depth = 2});
  const SamplerConfig sampler{.kind = SamplerKind::kMidpoint, .steps = 5};
  const Conditions conditions = EveryGuidance()[0];
  auto rngs = Rngs(5);
  const Tensor exact = head->Sample(conditions, {sampler}, rngs);
  for (const WeightStorage storage : {WeightStorage::kBf16, WeightStorage::kInt8}) {
    auto again = Rngs(5);
    const Tensor drawn = head->PackedSampler(storage)(conditions, {sampler}, again);
    const double difference = (drawn - exact).norm().item<double>() / exact.norm().item<double>();
    EXPECT_GT(difference, 1e-6) << EnumName(storage);
    EXPECT_LT(difference, .05) << EnumName(storage);
  }
}

TEST(PackedSampler, IsSampleItselfForHeadsThatHaveNothingFaster) {
  for (const HeadKind kind : EveryValue<HeadKind>()) {
    const HeadConfig config{.kind = kind, .width = 8, .depth = 1};
    const auto head = kind == HeadKind::kDiffusion ? RandomHead(config) : FloatHead(config);
    const torch::Dtype dtype = kind == HeadKind::kDiffusion ? torch::kDouble : torch::kFloat;
    auto rngs = Rngs(5), again = Rngs(5);
    const Conditions conditions = {One(Z(1).to(dtype))};
    EXPECT_TRUE(torch::equal(head->PackedSampler(WeightStorage::kF32)(conditions, {}, rngs),
                             head->Sample(conditions, {}, again)))
        << EnumName(kind);
  }
}

}  // namespace
}  // namespace tessera
