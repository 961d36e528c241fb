#include "infer/generator.h"

#include <gtest/gtest.h>

#include <set>

#include "ops/failures.h"
#include "tests/infer/toy_run.h"
#include "tests/infer/twin.h"
#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

std::vector<Document> Continue(const GenerateConfig& config, const GenerateRequest& request) {
  return Generate(*Toy().model, Toy().tokenizer, Toy().layout, config, request);
}

Document ContinueOne(const GenerateConfig& config, Document prompt, Until until,
                     int64_t index = 0) {
  return Continue(config,
                  {.prompts = {std::move(prompt)}, .until = until, .first_index = index})[0];
}

Image LastImage(const Document& document) { return *AsImage(document.segments.back()); }

int64_t Pictures(const Document& document) {
  return std::ranges::count_if(document.segments, [](const Segment& s) { return AsImage(s); });
}

std::vector<GenerateConfig> EveryGuidance() {
  std::vector<GenerateConfig> configs(4, ToyGenerate());
  configs[1].guidance = 3;
  configs[1].sampler.last_steps = 4;  // rows at different patches have different steps
  configs[2].guidance = 2;
  configs[2].image_guidance = 1.5;
  configs[2].guidance_schedule = GuidanceSchedule::kConstant;
  configs[3].guidance = 2;
  configs[3].image_guidance = 0;
  configs[3].negative = "text of a document";
  configs[3].guidance_schedule = GuidanceSchedule::kInterval;
  configs[3].input_noise = .1;
  return configs;
}

TEST(Generate, EqualsItsTwinWithoutBatchAndCacheUnderEveryGuidance) {
  int64_t pictures = 0;
  for (const GenerateConfig& config : EveryGuidance()) {
    const auto documents = Continue(config, {.prompts = ToyPrompts(), .until = Until::kEnd});
    for (size_t i = 0; i < documents.size(); ++i) {
      Twin twin(Toy(), config, Until::kEnd);
      EXPECT_EQ(documents[i], twin.Run(ToyPrompts()[i], i, documents[i])) << i;
      pictures += Pictures(documents[i]);
    }
  }
  EXPECT_GT(pictures, 8);  // else less was compared than it seems
}

TEST(Generate, EqualsItsTwinUnderEveryArrangement) {
  int64_t pictures = 0;
  size_t turn = 0;
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy({{2, 2}, {1, 3}}, arrangement);
    GenerateConfig config = EveryGuidance()[turn++ % 4];
    config.max_images = 1;
    const auto documents = Generate(*toy.model, toy.tokenizer, toy.layout, config,
                                    {.prompts = ToyPrompts(), .until = Until::kEnd});
    config.max_images = arrangement.generates_images() ? 1 : 0;
    for (size_t i = 0; i < documents.size(); ++i) {
      Twin twin(toy, config, Until::kEnd);
      EXPECT_EQ(documents[i], twin.Run(ToyPrompts()[i], i, documents[i]))
          << NameOf(arrangement) << " " << i;
      pictures += Pictures(documents[i]) - Pictures(ToyPrompts()[i]);
    }
  }
  EXPECT_GT(pictures, 27);  // else less was compared than it seems
}

TEST(Generate, EqualsItsTwinWithAJointHeadUnderEveryGuidance) {
  const ToyRun toy({{2, 2}, {1, 4}}, {.order = PatchOrder::kMorton,
                                      .positions = Positions::kTieV2,
                                      .mask = AttentionMask::kBlockCausal,
                                      .block = 2,
                                      .block_head = BlockHead::kJoint});
  int64_t pictures = 0;
  for (const GenerateConfig& config : EveryGuidance()) {
    const auto documents = Generate(*toy.model, toy.tokenizer, toy.layout, config,
                                    {.prompts = ToyPrompts(), .until = Until::kEnd});
    for (size_t i = 0; i < documents.size(); ++i) {
      Twin twin(toy, config, Until::kEnd);
      EXPECT_EQ(documents[i], twin.Run(ToyPrompts()[i], i, documents[i])) << i;
      pictures += Pictures(documents[i]) - Pictures(ToyPrompts()[i]);
    }
  }
  EXPECT_GT(pictures, 4);  // else less was compared than it seems
}

TEST(Generate, BeginsNoPictureThatAModelCannotDraw) {
  const ToyRun toy({{2, 2}, {1, 3}}, {.mask = AttentionMask::kBlockDiagonal});
  for (const uint64_t seed : {0, 1, 2, 3}) {
    const auto documents = Generate(*toy.model, toy.tokenizer, toy.layout, ToyGenerate(),
                                    {.prompts = ToyPrompts(), .until = Until::kEnd, .seed = seed});
    for (size_t i = 0; i < documents.size(); ++i) {
      EXPECT_EQ(Pictures(documents[i]), Pictures(ToyPrompts()[i])) << i;
    }
  }
  EXPECT_THROW(Generate(*toy.model, toy.tokenizer, toy.layout, ToyGenerate(),
                        {.prompts = ToyPrompts(), .until = Until::kImage}),
               c10::Error);
}

TEST(Generate, GivesABatchWhatItGivesEachPromptAlone) {
  GenerateConfig config = ToyGenerate();
  config.guidance = 2;
  for (const Until until : {Until::kText, Until::kImage, Until::kEnd}) {
    const auto together = Continue(config, {.prompts = ToyPrompts(), .until = until});
    for (size_t i = 0; i < together.size(); ++i) {
      EXPECT_EQ(together[i], ContinueOne(config, ToyPrompts()[i], until, i)) << i;
    }
  }
}

// bf16 keeps 8 bits of a number: the picture is another one, and nearly the same.
TEST(Generate, InBf16DrawsNearlyTheSamePicture) {
  GenerateConfig config = ToyGenerate();
  config.guidance = 2;
  const Image exact = LastImage(ContinueOne(config, {{"a red dot"}}, Until::kImage));
  config.precision = Precision::kBf16;
  const Image rounded = LastImage(ContinueOne(config, {{"a red dot"}}, Until::kImage));
  EXPECT_NE(rounded, exact);
  double distance = 0;
  for (size_t i = 0; i < exact.rgb.size(); ++i) {
    distance += std::abs(int(rounded.rgb[i]) - int(exact.rgb[i]));
  }
  EXPECT_LT(distance / static_cast<double>(exact.rgb.size()), 5);
}

TEST(Generate, RepeatsItselfBySeedAndByNothingElse) {
  const GenerateConfig config = ToyGenerate();
  GenerateRequest request = {.prompts = ToyPrompts(), .seed = 5};
  const auto first = Continue(config, request);
  EXPECT_EQ(first, Continue(config, request));
  request.seed = 6;
  EXPECT_NE(first, Continue(config, request));
  request.seed = 5;
  request.first_index = 1;
  EXPECT_NE(first, Continue(config, request));
}

TEST(Generate, UntilTextDrawsNothingAndUntilImageOnePicture) {
  for (const Document& prompt : ToyPrompts()) {
    const int64_t before = Pictures(prompt);
    EXPECT_EQ(Pictures(ContinueOne(ToyGenerate(), prompt, Until::kText)), before);
    const Document drawn = ContinueOne(ToyGenerate(), prompt, Until::kImage);
    EXPECT_EQ(Pictures(drawn), before + 1);
    EXPECT_NE(AsImage(drawn.segments.back()), nullptr);
  }
}

TEST(Generate, DrawsInEveryGridThatTheModelOpens) {
  std::set<int64_t> widths;
  const std::vector<Document> prompts(12, Document{{"a red dot"}});
  for (const Document& document :
       Continue(ToyGenerate(), {.prompts = prompts, .until = Until::kImage})) {
    widths.insert(LastImage(document).width);
  }
  EXPECT_EQ(widths, (std::set<int64_t>{4, 6}));
}

GenerateConfig Constant(double guidance, double image_guidance, const std::string& negative = "") {
  GenerateConfig config = ToyGenerate();
  config.guidance_schedule = GuidanceSchedule::kConstant;
  config.guidance = guidance;
  config.image_guidance = image_guidance;
  config.negative = negative;
  return config;
}

// By a model that has no choice of a grid, which the text would influence.
Image DrawInOneGrid(const GenerateConfig& config, const Document& prompt) {
  static const ToyRun toy({{2, 2}});
  const GenerateRequest request = {.prompts = {prompt}, .until = Until::kImage};
  return LastImage(Generate(*toy.model, toy.tokenizer, toy.layout, config, request)[0]);
}

TEST(Generate, GuidanceOfOneHearsNoNegativePrompt) {
  const Document prompt = {{"a red dot"}};
  EXPECT_EQ(ContinueOne(Constant(1, 1, "text"), prompt, Until::kImage),
            ContinueOne(ToyGenerate(), prompt, Until::kImage));
}

TEST(Generate, GuidanceOfZeroIsDeafToTheTextAndToPicturesIfAsked) {
  const auto draw = [](const GenerateConfig& config, const std::string& text, uint64_t picture) {
    return DrawInOneGrid(config, {{NoisePicture(4, 4, picture), text}});
  };
  ASSERT_EQ(Toy().tokenizer.Encode("red dot").size(), Toy().tokenizer.Encode("dot red").size());
  const GenerateConfig none = Constant(1, 1), textless = Constant(0, 1), nothing = Constant(0, 0);
  EXPECT_NE(draw(none, "red dot", 1), draw(none, "dot red", 1));
  EXPECT_EQ(draw(textless, "red dot", 1), draw(textless, "dot red", 1));
  EXPECT_NE(draw(textless, "red dot", 1), draw(textless, "red dot", 2));
  EXPECT_EQ(draw(nothing, "red dot", 1), draw(nothing, "dot red", 2));
}

TEST(Generate, GuidanceOfZeroDrawsTheNegativePrompt) {
  EXPECT_EQ(DrawInOneGrid(Constant(0, 1, "dot"), {{"a red dot"}}),
            DrawInOneGrid(Constant(1, 1), {{"dot"}}));
}

TEST(Generate, DrawsABlockInOneStep) {
  const ToyRun toy({{2, 3}}, {.mask = AttentionMask::kBlockCausal, .block = 4});
  int64_t steps = 0;
  GenerateRequest request = {.prompts = {{{"a red dot"}}}, .until = Until::kImage};
  request.on_step = [&](int64_t slots) { steps = slots; };
  Generate(*toy.model, toy.tokenizer, toy.layout, ToyGenerate(), request);
  EXPECT_EQ(steps, 1 + 2);  // the opener, four patches, the other two
}

TEST(Generate, CountsItsSteps) {
  int64_t calls = 0;
  GenerateRequest request = {.prompts = {{{"a red dot"}}}, .until = Until::kImage};
  request.on_step = [&](int64_t slots) { EXPECT_EQ(slots, ++calls); };
  const Image image = LastImage(Continue(ToyGenerate(), request)[0]);
  EXPECT_EQ(calls, 1 + image.height * image.width / 4);  // the opener, then the patches
}

TEST(Generate, HearsAStopInTheMiddleOfAPatch) {
  std::atomic<bool> stop = false;
  GenerateConfig config = ToyGenerate();
  config.sampler.steps = 10'000;
  GenerateRequest request = {.prompts = {{{"a red dot"}}}, .until = Until::kImage, .stop = &stop};
  request.on_conditions = [&](const Conditions&) { stop = true; };
  bool finished_a_step = false;
  request.on_step = [&](int64_t steps) { finished_a_step = steps > 1; };
  EXPECT_EQ(Continue(config, request)[0].segments.size(), 0);
  EXPECT_FALSE(finished_a_step);
}

TEST(Generate, DrawsAndWritesNothingFromNumbersThatAreNotFinite) {
  ToyRun toy({{2, 2}});
  const torch::NoGradGuard no_grad;
  for (const char* name : {"head", "text_head"}) {
    for (const auto& item : toy.model->named_parameters()) {
      if (item.key().find(name) != std::string::npos) {
        Tensor(item.value()).fill_(NAN);
      }
    }
    const GenerateRequest request = {.prompts = {{{"a red dot"}}}, .until = Until::kImage};
    EXPECT_THROW(Generate(*toy.model, toy.tokenizer, toy.layout, ToyGenerate(), request),
                 NotFinite);
  }
}

}  // namespace
}  // namespace tessera
