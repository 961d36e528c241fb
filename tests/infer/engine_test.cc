// Documents that share an engine, against each alone.
#include "infer/engine.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <map>

#include "infer/generator.h"
#include "tests/infer/toy_run.h"
#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

EngineRequest Request(const Document& prompt, const GenerateConfig& config, int64_t index) {
  return {.prompt = prompt, .config = config, .seed = 7, .index = index};
}

GenerateConfig Guided(double text, double image) {
  GenerateConfig config = ToyGenerate();
  config.guidance = text;
  config.image_guidance = image;
  return config;
}

// Requests that differ in all that a request may choose, of a head with steps.
std::vector<EngineRequest> Various() {
  std::vector<EngineRequest> requests;
  for (const Document& prompt : ToyPrompts()) {
    requests.push_back(Request(prompt, ToyGenerate(), std::ssize(requests)));
  }
  requests.push_back(Request({{"a red dot"}}, Guided(3, 1), 4));
  requests.push_back(Request({{"text", NoisePicture(2, 6, 2), "dot"}}, Guided(2, 1.5), 5));
  GenerateConfig heun = Guided(2, 1);
  heun.sampler = {.kind = SamplerKind::kHeun, .steps = 3, .last_steps = 1, .temperature = .5};
  heun.guidance_schedule = GuidanceSchedule::kInterval;
  heun.guidance_from = .3;
  heun.input_noise = .1;
  requests.push_back(Request({{"red"}}, heun, 6));
  requests.back().until = Until::kImage;
  requests.back().grid = 1;
  GenerateConfig greedy = ToyGenerate();
  greedy.text_temperature = 0;
  greedy.max_text = 6;
  requests.push_back(Request({{NoisePicture(4, 4, 9)}}, greedy, 7));
  requests.back().until = Until::kText;
  return requests;
}

Document Alone(const ToyRun& toy, const EngineRequest& request) {
  return Generate(*toy.model, toy.tokenizer, toy.layout, request.config,
                  {.prompts = {request.prompt},
                   .until = request.until,
                   .seed = request.seed,
                   .first_index = request.index,
                   .grid = request.grid})[0];
}

// Equal texts, and pixels of which few may be rounded to a neighbour.
void ExpectAlike(const Document& a, const Document& b, int64_t row) {
  ASSERT_EQ(a.segments.size(), b.segments.size()) << row;
  for (size_t i = 0; i < a.segments.size(); ++i) {
    const Image *x = AsImage(a.segments[i]), *y = AsImage(b.segments[i]);
    if (x == nullptr || y == nullptr) {
      EXPECT_EQ(a.segments[i], b.segments[i]) << row;
      continue;
    }
    ASSERT_EQ(x->rgb.size(), y->rgb.size()) << row;
    for (size_t k = 0; k < x->rgb.size(); ++k) {
      EXPECT_NEAR(x->rgb[k], y->rgb[k], 1) << row;
    }
  }
}

TEST(Engine, DrawsForEachWhatItDrawsAloneWhoeverJoinsAndLeavesBeside) {
  for (const Arrangement& arrangement :
       {Arrangement{}, Arrangement{.mask = AttentionMask::kPrefix},
        Arrangement{.mask = AttentionMask::kBlockCausal, .block = 2},
        Arrangement{.order = PatchOrder::kRandom}}) {
    const ToyRun toy({{2, 2}, {1, 3}}, arrangement);
    Engine engine(*toy.model, toy.tokenizer, toy.layout);
    const std::vector<EngineRequest> requests = Various();
    std::map<int64_t, size_t> by_name;
    std::map<size_t, Document> done;
    for (size_t next = 0, step = 0; next < requests.size() || !engine.idle(); ++step) {
      if (step % 2 == 0 && next < requests.size()) {
        by_name[engine.Add(requests[next])] = next;
        ++next;
      }
      for (const EngineEvent& event : engine.Step()) {
        if (const Document* document = std::get_if<Document>(&event.what)) {
          done[by_name.at(event.request)] = *document;
        }
      }
    }
    ASSERT_EQ(done.size(), requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
      ExpectAlike(done[i], Alone(toy, requests[i]), static_cast<int64_t>(i));
    }
  }
}

TEST(Engine, DrawsForEachWhatItDrawsAloneUnderEveryObjective) {
  for (const ObjectiveKind objective : EveryValue<ObjectiveKind>()) {
    const ToyRun toy({{2, 2}, {1, 3}}, {.objective = objective});
    Engine engine(*toy.model, toy.tokenizer, toy.layout);
    std::vector<EngineRequest> requests;
    for (const double guidance : {1., 3.}) {
      GenerateConfig config = Guided(guidance, 1);
      config.guidance_schedule = GuidanceSchedule::kConstant;
      requests.push_back(Request({{"a red dot"}}, config, std::ssize(requests)));
      requests.back().until = Until::kImage;
      config.sampler.steps = 3;
      requests.push_back(Request({{"text"}}, config, std::ssize(requests)));
      requests.back().until = Until::kImage;
    }
    for (const EngineRequest& request : requests) {
      engine.Add(request);
    }
    while (!engine.idle()) {
      for (const EngineEvent& event : engine.Step()) {
        if (const Document* document = std::get_if<Document>(&event.what)) {
          ExpectAlike(*document, Alone(toy, requests[static_cast<size_t>(event.request)]),
                      event.request);
        }
      }
    }
  }
}

TEST(Engine, TellsOfTokensPatchesAndPicturesWhatTheDocumentHoldsAtItsEnd) {
  const ToyRun& toy = Toy();
  Engine engine(*toy.model, toy.tokenizer, toy.layout);
  engine.Add(Request({{"a red dot"}}, Guided(2, 1), 1));
  std::vector<int64_t> ids;
  std::vector<Image> pictures;
  std::map<int64_t, int64_t> patches;  // by picture
  Document end;
  while (!engine.idle()) {
    for (const EngineEvent& event : engine.Step()) {
      EXPECT_TRUE(end.segments.empty()) << "the document is the last event";
      if (const auto* token = std::get_if<TokenEvent>(&event.what)) {
        ids.push_back(token->id);
      } else if (const auto* patch = std::get_if<PatchEvent>(&event.what)) {
        EXPECT_EQ(patch->pixels_D.numel(), toy.model->patch_dim());
        EXPECT_LT(patch->cell, patch->grid.size());
        ++patches[std::ssize(pictures)];
      } else if (const Image* image = std::get_if<Image>(&event.what)) {
        pictures.push_back(*image);
      } else {
        end = std::get<Document>(event.what);
      }
    }
  }
  std::vector<Image> in_document;
  for (const Segment& segment : end.segments) {
    if (const Image* image = AsImage(segment)) {
      EXPECT_EQ(patches[std::ssize(in_document)],
                image->height * image->width * 3 / toy.model->patch_dim());
      in_document.push_back(*image);
    }
  }
  EXPECT_EQ(pictures, in_document);
  EXPECT_EQ(Alone(toy, Request({{"a red dot"}}, Guided(2, 1), 1)), end);
}

TEST(Engine, GivesACancelledDocumentAsFarAsItHasComeAndGoesOnWithTheOthers) {
  const ToyRun& toy = Toy();
  Engine engine(*toy.model, toy.tokenizer, toy.layout);
  GenerateConfig writes = ToyGenerate();
  writes.max_images = 0;
  writes.max_text = 50;
  EngineRequest kept = Request({{"dot"}}, Guided(2, 1), 2);
  kept.until = Until::kImage;
  const int64_t cancelled = engine.Add(Request({{"red"}}, writes, 1));
  engine.Add(kept);
  std::string written;
  for (int step = 0; step < 2; ++step) {
    for (const EngineEvent& event : engine.Step()) {
      const auto* token = std::get_if<TokenEvent>(&event.what);
      written += token != nullptr && event.request == cancelled ? "t" : "";
    }
  }
  const Document cut = engine.Cancel(cancelled);
  EXPECT_TRUE(std::get<std::string>(cut.segments[0]).starts_with("red"));
  EXPECT_THROW(engine.Cancel(cancelled), c10::Error);
  Document end;
  while (!engine.idle()) {
    for (const EngineEvent& event : engine.Step()) {
      EXPECT_NE(event.request, cancelled);
      if (const Document* document = std::get_if<Document>(&event.what)) {
        end = *document;
      }
    }
  }
  ExpectAlike(end, Alone(toy, kept), 0);
}

TEST(Generate, MakesNoStepOnceItIsStopped) {
  const ToyRun& toy = Toy();
  std::atomic<bool> stop = false;
  GenerateRequest request{.prompts = {{{"a red dot"}}}, .until = Until::kImage, .stop = &stop};
  int64_t made = 0;
  request.on_step = [&](int64_t steps) {
    made = steps;
    stop = steps == 2;
  };
  const auto documents = Generate(*toy.model, toy.tokenizer, toy.layout, ToyGenerate(), request);
  EXPECT_EQ(made, 2);
  EXPECT_EQ(documents[0], Document());
}

}  // namespace
}  // namespace tessera
