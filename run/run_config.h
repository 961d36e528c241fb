// Everything that decides a run: one TOML file, dumped in full beside each checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

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

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("seed", self.seed, "of everything random");
    visit("data", self.data, "what to learn from");
    const bool model = !self.model.autoencoder.trained();
    visit("tokenizer", self.tokenizer, "text <-> ids", model);
    visit("model", self.model, "backbone and image head");
    visit("train", self.train, "how to learn");
    std::vector<std::string> no_rounds;
    if (self.model.arrangement.objective != ObjectiveKind::kMasked) {
      no_rounds = {"rounds"};
    }
    visit("generate", self.generate, "defaults of sample sheets, evaluation and `generate`", model,
          no_rounds);
  }

  // Whether pictures are learnt to be drawn.
  bool generates_images() const { return model.generates_images() && train.image_weight > 0; }

  std::string Problem() const {
    if (model.autoencoder.trained()) {
      return AutoencoderProblem();
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

  // The sections that an autoencoder shares with models have keys that it does not read.
  std::string AutoencoderProblem() const {
    const DataConfig none;
    const bool shows_texts =
        train.text_weight != TrainConfig().text_weight ||
        data.picture_first != none.picture_first || data.drop_text != none.drop_text ||
        data.drop_images != none.drop_images || data.noise_generated != none.noise_generated ||
        data.noise_read != none.noise_read || data.prompt_weight != none.prompt_weight;
    return shows_texts
               ? "an autoencoder learns from pictures as they are: train.text_weight and, of "
                 "[data], picture_first, drop_..., noise_... and prompt_weight have no effect; "
                 "remove them"
               : "";
  }
};

}  // namespace tessera
