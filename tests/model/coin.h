// Two patches that a coin decides together: what a block's head makes of patches that depend on
// each other.
#pragma once

#include <torch/optim/adam.h>

#include "infer/generator.h"
#include "ops/random.h"
#include "sequence/packer.h"
#include "tests/infer/toy_run.h"

namespace tessera {

// A document a row.
inline Batch RowsOf(const std::vector<Document>& documents, const ToyRun& toy) {
  std::vector<Sequence> sequences;
  std::vector<Row> rows;
  for (const Document& document : documents) {
    rows.push_back({std::ssize(sequences)});
    sequences.push_back(Layout(document, toy.layout, toy.tokenizer));
  }
  return PackRows(sequences, rows, toy.layout.patch);
}

// Two patches side by side, each dark or bright.
inline Image CoinPicture(bool left, bool right) {
  Image image{.height = 2, .width = 4, .rgb = {}};
  for (int64_t pixel = 0; pixel < 8; ++pixel) {
    image.rgb.insert(image.rgb.end(), 3, (pixel % 4 < 2 ? left : right) ? 215 : 40);
  }
  return image;
}

struct CoinFit {
  BlockHead block_head;
  HeadConfig head;
  uint64_t steps;
};

// Taught two pictures, alike likely: a dark first patch and a bright one. The second patch is as
// the first or is not. Returns of how many drawn pictures the two patches are alike.
inline double ShareAlike(const CoinFit& fit, bool alike) {
  ToyRun toy({{1, 2}},
             {.mask = AttentionMask::kBlockCausal, .block = 2, .block_head = fit.block_head},
             fit.head);
  // As models begin: random values everywhere would have to be unlearnt first.
  toy.model = std::make_shared<Model>(toy.model->config(), toy.layout.vocabulary, toy.layout.grids);
  std::vector<Document> coins;
  for (const bool left : {true, false, true, false}) {
    coins.push_back({{"a red dot", CoinPicture(left, left == alike)}});
  }
  const Batch batch = RowsOf(coins, toy);
  torch::optim::Adam optimizer(toy.model->parameters(), 3e-3);
  for (uint64_t step = 0; step < fit.steps; ++step) {
    const auto rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, step);
    optimizer.zero_grad();
    toy.model->Loss(batch, {0, 1. / 8}, rng).total.backward();
    optimizer.step();
  }
  constexpr int64_t kCount = 200;
  const std::vector<Document> prompts(kCount, Document{{"a red dot"}});
  int64_t drawn_alike = 0;
  for (const Document& document : Generate(*toy.model, toy.tokenizer, toy.layout, {},
                                           {.prompts = prompts, .until = Until::kImage})) {
    const Image& image = *AsImage(document.segments.back());
    drawn_alike += (image.rgb[0] > 127) == (image.rgb[6] > 127);
  }
  return static_cast<double>(drawn_alike) / kCount;
}

}  // namespace tessera
