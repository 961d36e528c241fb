// Everything that decides a run: one TOML file, dumped in full beside each checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/config.h"
#include "data/tokenizer.h"
#include "infer/config.h"
#include "model/config.h"
#include "train/config.h"

namespace tessera {

struct RunConfig {
  int64_t seed = 1;
  DataConfig data;
  TokenizerConfig tokenizer;
  ModelConfig model;
  TrainConfig train;
  GenerateConfig generate;

  bool operator==(const RunConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("seed", self.seed, "of everything random");
    visit("data", self.data, "what to learn from");
    visit("tokenizer", self.tokenizer, "text <-> ids");
    visit("model", self.model, "backbone and image head");
    visit("train", self.train, "how to learn");
    std::vector<std::string> no_rounds;
    if (self.model.arrangement.objective != Objective::kMasked) {
      no_rounds = {"rounds"};
    }
    visit("generate", self.generate, "defaults of sample sheets, evaluation and `generate`", true,
          no_rounds);
  }

  std::string Problem() const { return GenerateProblem(model, generate); }
};

}  // namespace tessera
