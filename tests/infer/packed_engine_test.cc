// Documents that are continued over packed weights, against those that LibTorch computes.
#include <gtest/gtest.h>

#include "infer/generator.h"
#include "tests/infer/toy_run.h"
#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

std::vector<Document> Continue(const ToyRun& toy, GenerateConfig config, EngineKind engine,
                               WeightStorage weights = WeightStorage::kF32) {
  config.engine = engine;
  config.weights = weights;
  return Generate(*toy.model, toy.tokenizer, toy.layout, config, {.prompts = ToyPrompts()});
}

// Equal texts, and pixels that rounding may move to a neighbour. Returns how many pictures there
// are.
int64_t ExpectAlike(const std::vector<Document>& a, const std::vector<Document>& b,
                    const std::string& name) {
  int64_t pictures = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].segments.size(), b[i].segments.size()) << name;
    for (size_t k = 0; k < std::min(a[i].segments.size(), b[i].segments.size()); ++k) {
      const Image *x = AsImage(a[i].segments[k]), *y = AsImage(b[i].segments[k]);
      if (x == nullptr || y == nullptr) {
        EXPECT_EQ(a[i].segments[k], b[i].segments[k]) << name;
        continue;
      }
      EXPECT_EQ(x->rgb.size(), y->rgb.size()) << name;
      for (size_t n = 0; n < std::min(x->rgb.size(), y->rgb.size()); ++n) {
        EXPECT_NEAR(x->rgb[n], y->rgb[n], 2) << name;
      }
      ++pictures;
    }
  }
  return pictures;
}

GenerateConfig Guided(const ModelConfig& model) {
  GenerateConfig config = ToyGenerate();
  config.guidance = 2;
  config.guidance_schedule = GuidanceSchedule::kConstant;
  if (model.arrangement.draws_in_rounds()) {
    config.rounds = 2;
  }
  return config;
}

TEST(PackedEngine, ContinuesAsThePlainOneUnderEveryObjectiveAndMask) {
  int64_t pictures = 0;
  for (const ObjectiveKind objective : EveryValue<ObjectiveKind>()) {
    for (const AttentionMask mask : EveryValue<AttentionMask>()) {
      const Arrangement arrangement = {.mask = mask, .block = 2, .objective = objective};
      if (!arrangement.Problem().empty()) {
        continue;
      }
      const ToyRun toy({{2, 2}, {1, 3}}, arrangement);
      const GenerateConfig config = Guided(toy.model->config());
      pictures += ExpectAlike(Continue(toy, config, EngineKind::kPacked),
                              Continue(toy, config, EngineKind::kPlain),
                              std::string(EnumName(objective)) + " " + std::string(EnumName(mask)));
    }
  }
  EXPECT_GT(pictures, 60);  // else less was compared than it seems
}

TEST(PackedEngine, ContinuesAsThePlainOneWithEveryHead) {
  for (const HeadKind kind : EveryValue<HeadKind>()) {
    if (kind == HeadKind::kCodes) {
      continue;  // needs a trained autoencoder, and has no packed sampler
    }
    HeadConfig head = ToyConfig().head;
    head.kind = kind;
    const ToyRun toy({{2, 2}, {1, 3}}, {}, head);
    GenerateConfig config = Guided(toy.model->config());
    if (!DrawsInSteps(kind)) {
      config.sampler = {};
    }
    ExpectAlike(Continue(toy, config, EngineKind::kPacked),
                Continue(toy, config, EngineKind::kPlain), std::string(EnumName(kind)));
  }
}

TEST(PackedEngine, WithRoundedWeightsDrawsNearlyTheSamePicture) {
  const ToyRun toy({{2, 2}});
  GenerateConfig config = ToyGenerate();
  const auto draw = [&](WeightStorage weights) {
    config.engine = EngineKind::kPacked;
    config.weights = weights;
    const Document drawn = Generate(*toy.model, toy.tokenizer, toy.layout, config,
                                    {.prompts = {{{"a red dot"}}}, .until = Until::kImage})[0];
    return *AsImage(drawn.segments.back());
  };
  const Image exact = draw(WeightStorage::kF32);
  for (const WeightStorage weights : {WeightStorage::kBf16, WeightStorage::kInt8}) {
    const Image rounded = draw(weights);
    EXPECT_NE(rounded, exact) << EnumName(weights);
    double distance = 0;
    for (size_t i = 0; i < exact.rgb.size(); ++i) {
      distance += std::abs(int(rounded.rgb[i]) - int(exact.rgb[i]));
    }
    EXPECT_LT(distance / static_cast<double>(exact.rgb.size()), 10) << EnumName(weights);
  }
}

}  // namespace
}  // namespace tessera
