#include "analysis/probe/exits.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "ops/random.h"
#include "sequence/packer.h"
#include "train/binned_mean.h"

namespace tessera {
namespace {

constexpr int64_t kAtOnce = 64;  // documents

Batch BatchOf(const Run& run, const std::vector<Document>& documents) {
  LayoutSpec layout = run.layout;
  layout.prompt_weight = 1;
  std::vector<Sequence> sequences;
  std::vector<Row> rows;
  for (const Document& document : documents) {
    rows.push_back({std::ssize(sequences)});
    sequences.push_back(Layout(document, layout, run.tokenizer));
  }
  return PackRows(sequences, rows, layout.patch).To(run.model->device());
}

}  // namespace

LossSplit SplitLoss(const Run& run, const std::vector<Document>& documents, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  LossSplit split;
  LossCounts counts;
  BinnedMean by_level, by_turn;
  const int64_t count = std::ssize(documents);
  for (int64_t first = 0; first < count; first += kAtOnce) {
    const int64_t last = std::min(count, first + kAtOnce);
    const Batch batch = BatchOf(run, {documents.begin() + first, documents.begin() + last});
    at::Generator rng =
        MakeGenerator(run.model->device(), seed, Stream::kEvaluate, static_cast<uint64_t>(first));
    Trace trace;
    run.model->Hidden(batch, rng, {.trace = &trace});
    split.exits.resize(trace.state_BTW.size());
    ModelLoss loss;
    for (size_t layer = 0; layer < trace.state_BTW.size(); ++layer) {
      const Tensor h_BTW = run.model->FinalNorm(trace.state_BTW[layer]);
      loss = run.model->LossOf(h_BTW, batch, {1, 1}, rng.clone());
      split.exits[layer].text += loss.text_sum.item<double>();
      split.exits[layer].image += loss.image_sum.item<double>();
    }
    const LossCounts part = CountLosses(batch);
    counts.text += part.text;
    counts.image += part.image;
    if (loss.image.by_patch_N.defined()) {
      by_turn.Add(loss.turn_N, loss.image.by_patch_N);
    }
    if (loss.image.level_M.defined()) {
      by_level.AddByLevel(loss.image.level_M, loss.image.by_level_M);
    }
  }
  for (ExitLoss& exit : split.exits) {
    exit.text /= counts.text;
    exit.image /= counts.image;
  }
  split.error_by_level = by_level.Means();
  split.loss_by_turn = by_turn.Means();
  return split;
}

}  // namespace tessera
