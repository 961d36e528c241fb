// A tiny model with random parameters, its tokenizer and prompts of every form.
#pragma once

#include "infer/continuation.h"
#include "tests/model/toy_batch.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {

struct ToyRun {
  Tokenizer tokenizer = ToyTokenizer();
  LayoutSpec layout = ToyLayout(tokenizer);
  std::shared_ptr<Model> model;

  explicit ToyRun(const std::vector<PatchGrid>& grids = {{2, 2}, {1, 3}},
                  const Arrangement& arrangement = {}, const HeadConfig& head = ToyConfig().head) {
    layout.grids = grids;
    layout.arrangement = arrangement;
    layout.vocabulary = Vocabulary(tokenizer.size(), std::ssize(grids));
    ModelConfig config = ToyConfig();
    config.patch = layout.patch;
    config.arrangement = arrangement;
    config.head = head;
    torch::manual_seed(3);
    model = std::make_shared<Model>(config, layout.vocabulary, layout.grids);
    const torch::NoGradGuard no_grad;
    for (Tensor& parameter : model->parameters()) {
      parameter.add_(at::randn_like(parameter) * 0.2);
    }
    model->eval();
  }
};

// Made once: nothing changes it.
inline const ToyRun& Toy() {
  static const ToyRun toy;
  return toy;
}

inline std::vector<Document> ToyPrompts() {
  return {{},
          {{"a red dot"}},
          {{NoisePicture(4, 4, 1)}},
          {{"text", NoisePicture(2, 6, 2), "of a red dot"}}};
}

// Few ids and steps, so that documents are short.
inline GenerateConfig ToyGenerate() {
  GenerateConfig config;
  config.max_text = 3;
  config.max_images = 2;
  config.sampler.steps = 2;
  return config;
}

}  // namespace tessera
