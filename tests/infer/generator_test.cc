#include "infer/generator.h"

#include <gtest/gtest.h>

#include <set>

#include "data/packer.h"
#include "infer/guidance.h"
#include "infer/text_sampler.h"
#include "ops/random.h"
#include "tests/data/arrangements.h"
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
  Twin(const ToyRun& toy, const GenerateConfig& config, Until until)
      : toy_(toy), config_(config), rules_{toy.tokenizer, toy.layout, config_, until} {}

  Document Run(const Document& prompt, int64_t index) {
    const torch::NoGradGuard no_grad;
    Continuation row(prompt, rules_, MakeGenerator(torch::kCPU, 0, Stream::kSample, index));
    Begin(row, 0);
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
  struct Lane {
    Batch batch;
    SlotWalk walk;
  };

  void Begin(const Continuation& row, int64_t lane) {
    const Sequence sequence = LaneSequence(lane, row.document(), row.shown(), rules_);
    lanes_.push_back({PackRows({sequence}, {{0}}, toy_.layout.patch),
                      SlotWalk(toy_.layout.arrangement.positions)});
    WalkAlong(sequence, &lanes_.back().walk);
  }

  void Append(const ReadBlock& block) {
    for (auto& [lane, walk] : lanes_) {
      const int64_t last = lane.slots() + std::ssize(block) - 1;
      for (const ReadSlot& slot : block) {
        const Coordinates at =
            slot.patch_D.defined() ? walk.Patch(slot.grid, slot.turn, slot.cell) : walk.Id();
        AppendPatch(slot, &lane);
        lane.id_BT = at::cat({lane.id_BT, torch::tensor({{slot.id}})}, 1);
        lane.position_BT = at::arange(lane.slots()).unsqueeze(0);
        lane.document_BT = at::zeros_like(lane.id_BT);
        lane.seen_BT = at::cat({lane.seen_BT, torch::tensor({{last}})}, 1);
        const Tensor at_112 = torch::tensor({float(at[0]), float(at[1])}).view({1, 1, 2});
        lane.coordinate_BT2 = at::cat({lane.coordinate_BT2, at_112}, 1);
      }
    }
  }

  static void AppendPatch(const ReadSlot& slot, Batch* lane) {
    if (slot.patch_D.defined()) {
      const int64_t cols = slot.grid.cols;
      const Tensor place_12 = torch::tensor({{slot.cell / cols, slot.cell % cols}});
      lane->patch_slot_P = at::cat({lane->patch_slot_P, torch::tensor({lane->slots()})});
      lane->patch_PD = at::cat({lane->patch_PD, slot.patch_D.unsqueeze(0)});
      lane->patch_place_P2 = at::cat({lane->patch_place_P2, place_12});
      lane->noise_P = at::cat({lane->noise_P, at::full({1}, slot.noise)});
      lane->hidden_P = at::cat({lane->hidden_P, at::zeros({1}, torch::kBool)});
    }
  }

  // Of the lane's last slots.
  Tensor Last(const Batch& lane, int64_t count) const {
    return toy_.model->Hidden(lane, {})[0].narrow(0, lane.slots() - count, count);
  }

  void Write(Continuation& row) {
    const Tensor logits_V = toy_.model->TextLogits(Last(lanes_[0].batch, 1))[0];
    row.AppendId(SampleText(row.AllowedLogits(logits_V), config_, row.rng()));
    lanes_.erase(lanes_.begin() + 1, lanes_.end());
    for (int64_t lane = 1; row.drawing() && lane < NumLanes(config_); ++lane) {
      Begin(row, lane);
    }
  }

  void Draw(Continuation& row) {
    const int64_t cols = row.grid().cols, ahead = toy_.layout.arrangement.patches_at_once();
    const double share = double(row.turn()) / double(row.grid().size());
    std::vector<int64_t> place;
    for (const int64_t cell : row.NextCells()) {
      place.insert(place.end(), {cell / cols, cell % cols});
    }
    const Tensor place_N2 = torch::tensor(place).view({-1, 2});
    const int64_t count = place_N2.size(0);
    std::vector<Tensor> z;
    for (const Lane& lane : lanes_) {
      z.push_back(toy_.model->Condition(Last(lane.batch, ahead).narrow(0, 0, count), place_N2));
    }
    const std::vector<double> shares(count, share);
    std::vector<at::Generator> rngs(count, row.rng());
    const SamplerConfig sampler = AtTurn(config_.sampler, row.turn(), row.grid().size());
    row.AppendPatches(
        toy_.model->SamplePatches(Guide(at::stack(z), shares, config_), sampler, rngs));
  }

  const ToyRun& toy_;
  GenerateConfig config_;
  ContinuationRules rules_;
  std::vector<Lane> lanes_;
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
      EXPECT_EQ(documents[i], Twin(Toy(), config, Until::kEnd).Run(ToyPrompts()[i], i)) << i;
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
    for (size_t i = 0; i < documents.size(); ++i) {
      EXPECT_EQ(documents[i], Twin(toy, config, Until::kEnd).Run(ToyPrompts()[i], i))
          << NameOf(arrangement) << " " << i;
      pictures += Pictures(documents[i]) - Pictures(ToyPrompts()[i]);
    }
  }
  EXPECT_GT(pictures, 27);  // else less was compared than it seems
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
  request.on_slot = [&](int64_t slots) { steps = slots; };
  Generate(*toy.model, toy.tokenizer, toy.layout, ToyGenerate(), request);
  EXPECT_EQ(steps, 1 + 2);  // the opener, four patches, the other two
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
