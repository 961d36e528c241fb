#include "infer/guidance.h"

#include <gtest/gtest.h>

#include "config/toml.h"
#include "tests/infer/toy_run.h"

namespace tessera {
namespace {

GenerateConfig Scales(double guidance, double image_guidance,
                      GuidanceSchedule schedule = GuidanceSchedule::kConstant) {
  return {.guidance = guidance, .image_guidance = image_guidance, .guidance_schedule = schedule};
}

std::vector<double> Weights(const GenerateConfig& config, double share) {
  std::vector<double> weights;
  for (int64_t condition = 0; condition < NumGuidanceConditions(config); ++condition) {
    weights.push_back(GuidanceWeight(condition, share, config));
  }
  return weights;
}

using Numbers = std::vector<double>;

TEST(GuidanceWeight, IsThatOfTheWeightedSumOfTheThreePredictions) {
  // u + i (I - u) + c (C - I), with scales i and c: weights c, i - c, 1 - i.
  EXPECT_EQ(Weights(Scales(1, 1), .3), Numbers({1}));
  EXPECT_EQ(Weights(Scales(3, 1), .3), Numbers({3, -2}));
  EXPECT_EQ(Weights(Scales(0, 1), .3), Numbers({0, 1}));
  EXPECT_EQ(Weights(Scales(3, 2), .3), Numbers({3, -1, -1}));
  EXPECT_EQ(Weights(Scales(1, 2), .3), Numbers({1, 1, -1}));
  EXPECT_EQ(Weights(Scales(0, 0), .3), Numbers({0, 0, 1}));
}

TEST(GuidanceWeight, RampsFromNoGuidanceToAllOfItAtHalfThePicture) {
  const GenerateConfig ramp = Scales(3, 2, GuidanceSchedule::kRamp);
  EXPECT_EQ(Weights(ramp, 0), Numbers({1, 0, 0}));
  EXPECT_EQ(Weights(ramp, .25), Numbers({2, -.5, -.5}));
  EXPECT_EQ(Weights(ramp, .5), Numbers({3, -1, -1}));
  EXPECT_EQ(Weights(ramp, .9), Numbers({3, -1, -1}));
}

TEST(Guide, HandsEachPatchTheWeightsOfItsShare) {
  const Tensor z_GNW = at::randn({3, 2, 4});
  const GenerateConfig ramp = Scales(3, 2, GuidanceSchedule::kRamp);
  const Conditions conditions = Guide(z_GNW, {0., .5}, ramp);
  ASSERT_EQ(conditions.guidance.size(), 3u);
  for (int64_t condition = 0; condition < 3; ++condition) {
    const GuidanceCondition& guided = conditions.guidance[condition];
    EXPECT_TRUE(torch::equal(guided.z_NZ, z_GNW[condition]));
    EXPECT_EQ(guided.weight_N1[0].item<double>(), GuidanceWeight(condition, 0, ramp));
    EXPECT_EQ(guided.weight_N1[1].item<double>(), GuidanceWeight(condition, .5, ramp));
  }
}

TEST(Guide, IntervalHoldsBetweenItsTimesAndTheOthersAlways) {
  const Tensor z_GNW = at::randn({2, 1, 4});
  GenerateConfig config = Scales(3, 1, GuidanceSchedule::kInterval);
  config.guidance_from = .2;
  config.guidance_to = .7;
  EXPECT_EQ(Guide(z_GNW, {.1}, config).guided_from, .2);
  EXPECT_EQ(Guide(z_GNW, {.1}, config).guided_to, .7);
  EXPECT_EQ(Weights(config, .1), Numbers({3, -2}));
  config.guidance_schedule = GuidanceSchedule::kRamp;
  EXPECT_EQ(Guide(z_GNW, {.1}, config).guided_from, 0);
  EXPECT_EQ(Guide(z_GNW, {.1}, config).guided_to, 1);
}

std::string ErrorOf(const std::string& text) {
  GenerateConfig config;
  return std::string(FromToml(text, "r.toml", {}, &config).message());
}

TEST(GenerateConfig, RefusesKeysOfGuidanceThatNothingHears) {
  constexpr char kIdle[] = "has no effect under the other settings";
  EXPECT_PRED_FORMAT2(testing::IsSubstring, kIdle, ErrorOf("negative = 'x'"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, kIdle, ErrorOf("guidance = 2\nguidance_from = 0.5"));
  EXPECT_EQ(ErrorOf("guidance = 2\nnegative = 'x'"), "");
  EXPECT_EQ(ErrorOf("guidance = 2\nguidance_schedule = 'interval'\nguidance_from = 0.5"), "");
}

TEST(GenerateConfig, RefusesAnIntervalThatIsNone) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "guidance_from must lie below guidance_to",
                      ErrorOf("guidance = 2\nguidance_schedule = 'interval'\nguidance_to = 0.05"));
}

const Document& Story() {
  static const Document story = ToyPrompts()[3];
  return story;
}

Sequence Lane(int64_t condition, const std::string& negative = "") {
  GenerateConfig config;
  config.negative = negative;
  return SequenceUnder(condition, Story(), {},
                       {Toy().tokenizer, Toy().layout, config, Until::kImage});
}

int64_t Count(const Sequence& sequence, int64_t id) { return std::ranges::count(sequence.ids, id); }

TEST(SequenceUnder, HidesTokenByTokenWhatItsLaneIsNotTold) {
  const Vocabulary& v = Toy().layout.vocabulary;
  const Sequence all = Lane(0), textless = Lane(1), nothing = Lane(2);
  EXPECT_EQ(Count(all, v.null_text()), 0);
  EXPECT_EQ(all.size(), textless.size());
  EXPECT_EQ(textless.ids, nothing.ids);
  for (int64_t t = 0; t < all.size(); ++t) {
    const bool text = all.ids[t] < v.text_size();
    EXPECT_EQ(textless.ids[t], text ? v.null_text() : all.ids[t]);
  }
  EXPECT_FALSE(all.pictures[0].hidden);
  EXPECT_FALSE(textless.pictures[0].hidden);
  EXPECT_TRUE(nothing.pictures[0].hidden);
}

TEST(SequenceUnder, PutsTheNegativePromptInThePlaceOfTheLastText) {
  const Document told = {{Story().segments[1], "dot"}};
  const Sequence expected = LayoutPrompt(told, Toy().layout, Toy().tokenizer);
  EXPECT_EQ(Lane(0, "dot").ids, Lane(0).ids);
  EXPECT_EQ(Lane(1, "dot").ids, expected.ids);
  EXPECT_EQ(Lane(2, "dot").ids, expected.ids);
  EXPECT_FALSE(Lane(1, "dot").pictures[0].hidden);
  EXPECT_TRUE(Lane(2, "dot").pictures[0].hidden);
}

}  // namespace
}  // namespace tessera
