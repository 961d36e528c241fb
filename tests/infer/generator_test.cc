#include "infer/generator.h"

#include <gtest/gtest.h>

#include <set>

#include "data/packer.h"
#include "infer/guidance.h"
#include "infer/text_sampler.h"
#include "ops/random.h"
#include "tests/infer/toy_run.h"

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

// The generator without batch and cache: every slot reads all that is before it again.
class Twin {
 public:
  Twin(const GenerateConfig& config, Until until)
      : config_(config), rules_{Toy().tokenizer, Toy().layout, config_, until} {}

  Document Run(const Document& prompt, int64_t index) {
    const torch::NoGradGuard no_grad;
    Begin(prompt, 0);
    Continuation row(prompt, -1, rules_, MakeGenerator(torch::kCPU, 0, Stream::kSample, index));
    row.NextUnread();  // all of the prompt stands in the lane
    while (true) {
      row.drawing() ? Draw(row) : Write(row);
      if (row.done()) {
        return row.document();
      }
      while (row.has_unread()) {
        Append(row.NextUnread());
      }
    }
  }

 private:
  void Begin(const Document& document, int64_t lane) {
    const Sequence sequence = LaneSequence(lane, document, config_, Toy().layout, Toy().tokenizer);
    lanes_.push_back(PackRows({sequence}, {{0}}, Toy().layout.patch));
  }

  void Append(const ReadSlot& slot) {
    for (Batch& lane : lanes_) {
      const int64_t t = lane.slots();
      lane.id_BT = at::cat({lane.id_BT, torch::tensor({{slot.id}})}, 1);
      lane.position_BT = at::arange(t + 1).unsqueeze(0);
      lane.document_BT = at::zeros_like(lane.id_BT);
      if (slot.patch_D.defined()) {
        const Tensor place_12 = torch::tensor({{slot.patch_row, slot.patch_col}});
        lane.patch_slot_P = at::cat({lane.patch_slot_P, torch::tensor({t})});
        lane.patch_PD = at::cat({lane.patch_PD, slot.patch_D.unsqueeze(0)});
        lane.patch_place_P2 = at::cat({lane.patch_place_P2, place_12});
        lane.noise_P = at::cat({lane.noise_P, at::full({1}, slot.noise)});
        lane.hidden_P = at::cat({lane.hidden_P, at::zeros({1}, torch::kBool)});
      }
    }
  }

  static Tensor Last(const Batch& lane) {
    return Toy().model->Hidden(lane, {})[0].narrow(0, lane.slots() - 1, 1);
  }

  void Write(Continuation& row) {
    const Tensor logits_V = Toy().model->TextLogits(Last(lanes_[0]))[0];
    row.AppendId(SampleText(row.AllowedLogits(logits_V), config_, row.rng()));
    lanes_.resize(1);
    for (int64_t lane = 1; row.drawing() && lane < NumLanes(config_); ++lane) {
      Begin(row.document(), lane);
    }
  }

  void Draw(Continuation& row) {
    const int64_t cols = row.grid().cols;
    const double share = double(row.turn()) / double(row.grid().size());
    const Tensor place_12 = torch::tensor({{row.turn() / cols, row.turn() % cols}});
    std::vector<Tensor> z;
    for (const Batch& lane : lanes_) {
      z.push_back(Toy().model->Condition(Last(lane), place_12));
    }
    const Conditions conditions = Guide(at::stack(z), {share}, config_);
    std::vector<at::Generator> rngs = {row.rng()};
    const SamplerConfig sampler = AtTurn(config_.sampler, row.turn(), row.grid().size());
    row.AppendPatch(Toy().model->SamplePatches(conditions, sampler, rngs)[0]);
  }

  GenerateConfig config_;
  ContinuationRules rules_;
  std::vector<Batch> lanes_;
};

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
      EXPECT_EQ(documents[i], Twin(config, Until::kEnd).Run(ToyPrompts()[i], i)) << i;
      pictures += Pictures(documents[i]);
    }
  }
  EXPECT_GT(pictures, 8);  // else less was compared than it seems
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

TEST(Generate, CountsItsSteps) {
  int64_t calls = 0;
  GenerateRequest request = {.prompts = {{{"a red dot"}}}, .until = Until::kImage};
  request.on_slot = [&](int64_t slots) { EXPECT_EQ(slots, ++calls); };
  const Image image = LastImage(Continue(ToyGenerate(), request)[0]);
  EXPECT_EQ(calls, 1 + image.height * image.width / 4);  // the opener, then the patches
}

}  // namespace
}  // namespace tessera
