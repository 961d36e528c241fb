// Everything that decides a run: one TOML file, dumped in full beside each checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/fields.h"
#include "data/config.h"
#include "data/text/tokenizer.h"
#include "infer/config.h"
#include "model/config.h"
#include "run/moved_keys.h"
#include "run/train_config.h"

namespace tessera {

struct RunConfig {
  int64_t seed = 1;
  DataConfig data;
  TokenizerConfig tokenizer;
  ModelConfig model;
  TrainConfig train;
  GenerateConfig generate;

  bool operator==(const RunConfig&) const = default;

  static std::span<const MovedKey> MovedKeys() { return kMovedKeys; }

  // Makes one choice enough where the defaults of other keys do not go with it.
  void FitDefaults(const IsNamed& named) {
    const HeadConfig& head = model.head;
    const bool cosine =
        DrawsInSteps(head.kind) && head.diffusion.schedule == NoiseScheduleKind::kCosine;
    const bool at_once = model.arrangement.draws_at_once();
    // What is chosen here is what the run's config.toml holds: it resumes as it began.
    const bool on_cpu = train.device == DeviceKind::kCpu;
    const auto choose = [&](bool is_default, Precision* precision) {
      if (*precision == Precision::kAuto || (!on_cpu && is_default)) {
        *precision = on_cpu ? FastPrecision() : Precision::kBf16;
      }
    };
    choose(!named("train.precision"), &train.precision);
    choose(!named("train.optimizer.muon_precision"), &train.optimizer.muon_precision);
    choose(false, &generate.precision);
    if (!named("train.image_weight") && !model.generates_images()) {
      train.image_weight = 0;
    }
    SamplerKind& sampler = generate.sampler.kind;
    if (!named("generate.sampler.kind") && cosine && sampler == SamplerConfig().kind) {
      sampler = SamplerKind::kDpmpp2m;  // serves both schedules
    }
    GuidanceSchedule& guidance = generate.guidance_schedule;
    if (!named("generate.guidance_schedule") && at_once && guidance == GuidanceSchedule::kRamp) {
      guidance = GuidanceSchedule::kConstant;
    }
  }

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool model = !self.model.autoencoder.trained();
    std::vector<std::string> of_texts, of_weights, of_drawing;
    if (!model) {  // an autoencoder learns from pictures as they are
      of_texts = {"show"};
      of_weights = {"text_weight"};
    }
    if (!self.model.arrangement.draws_in_rounds()) {
      of_drawing = {"rounds"};
    }
    if (self.model.reads_codes()) {  // noise would turn a patch into another code
      of_drawing.emplace_back("input_noise");
    }
    visit("seed", self.seed, "Everything random depends on this seed.");
    visit("data", self.data, "These keys choose what to learn from.", true, of_texts);
    visit("tokenizer", self.tokenizer, "These keys choose how text becomes ids.", model);
    visit("model", self.model, "These keys choose the backbone and the image head.");
    visit("train", self.train, "These keys choose how to learn.", true, of_weights);
    visit("generate", self.generate,
          "These keys are the defaults of sample sheets, evaluation and `generate`.", model,
          of_drawing);
  }

  // Whether pictures are learnt to be drawn.
  bool generates_images() const { return model.generates_images() && train.image_weight > 0; }

  std::string Problem() const {
    if (model.autoencoder.trained()) {
      return "";
    }
    const std::string problem = DrawsProblem();
    return problem.empty() ? GenerateProblem(model, generate) : problem;
  }

 private:
  std::string DrawsProblem() const {
    if (model.generates_images() || train.image_weight == 0) {
      return "";
    }
    return model.arrangement.generates_images()
               ? "model.input.kind resampler shows all patches of a picture in each of its slots, "
                 "also those yet to be drawn; set train.image_weight = 0"
               : "model.mask block-diagonal hides a picture's text from its patches, which cannot "
                 "be learnt to be drawn then; set train.image_weight = 0";
  }
};

}  // namespace tessera
