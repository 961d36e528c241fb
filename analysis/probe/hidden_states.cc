#include "analysis/probe/hidden_states.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sequence/packer.h"

namespace tessera {
namespace {

constexpr int64_t kAtOnce = 64;  // documents

Tensor KindsOf(const Tensor& id, const Vocabulary& vocabulary) {
  Tensor kind = at::full_like(id, static_cast<int64_t>(SlotKind::kOther));
  const Tensor text = at::logical_or(id < vocabulary.text_size(), id == vocabulary.null_text());
  kind.masked_fill_(text, static_cast<int64_t>(SlotKind::kText));
  return kind.masked_fill_(id == vocabulary.patch(), static_cast<int64_t>(SlotKind::kPatch));
}

// Collects the batches, each with one document a row.
class Collector {
 public:
  explicit Collector(const Run& run) : run_(run), columns_(kSlotColumns.size()) {}

  void Add(const std::vector<Document>& documents, int64_t first) {
    std::vector<Sequence> sequences;
    std::vector<Row> rows;
    for (const Document& document : documents) {
      rows.push_back({std::ssize(sequences)});
      sequences.push_back(Layout(document, run_.layout, run_.tokenizer));
    }
    const Batch batch = PackRows(sequences, rows, run_.layout.patch);
    // Each slot of the batch has a number among the N; padding has none.
    const Tensor real_M = batch.document_BT.flatten() >= 0;
    const Tensor number_M = at::cumsum(real_M, 0) - 1 + slots_;
    const Tensor kept_K = at::nonzero(real_M).squeeze(1);
    AddStates(batch, kept_K);
    AddSlots(batch, kept_K, number_M, first);
    for (int64_t b = 0; b < std::ssize(sequences); ++b) {
      const auto& pictures = sequences[b].pictures;
      const int64_t base = number_M[b * batch.slots()].item<int64_t>();
      const int64_t begin = pictures.empty() ? -1 : base + pictures[0].first_slot;
      begin_.push_back(begin);
      end_.push_back(pictures.empty() ? -1 : begin + pictures[0].grid.size());
    }
    slots_ += kept_K.size(0);
  }

  HiddenStates Finish() {
    HiddenStates states;
    for (size_t layer = 0; layer < states_.size(); ++layer) {
      states.layers.push_back(layer == 0                    ? "embedding"
                              : layer + 1 == states_.size() ? "normed"
                                                            : absl::StrCat("layer ", layer));
      states.state_NW.push_back(at::cat(states_[layer]));
    }
    std::vector<Tensor> columns;
    for (const std::vector<Tensor>& parts : columns_) {
      columns.push_back(at::cat(parts));
    }
    states.slot_NK = at::stack(columns, 1);
    states.patch_slot_P = at::cat(patch_slot_);
    states.predictor_P = at::cat(predictor_);
    states.patch_PD = at::cat(patch_);
    states.row_col_P2 = at::cat(place_);
    states.document_P = at::index_select(columns[0], 0, states.patch_slot_P);
    states.begin_M = at::tensor(begin_, torch::kLong);
    states.end_M = at::tensor(end_, torch::kLong);
    return states;
  }

 private:
  void AddStates(const Batch& batch, const Tensor& kept_K) {
    Trace trace;
    const Tensor normed_BTW =
        run_.model->Hidden(batch.To(run_.model->device()), {}, {.trace = &trace});
    trace.state_BTW.push_back(normed_BTW);
    states_.resize(trace.state_BTW.size());
    for (size_t layer = 0; layer < trace.state_BTW.size(); ++layer) {
      const Tensor state_MW = trace.state_BTW[layer].flatten(0, 1).to(torch::kCPU, torch::kFloat32);
      states_[layer].push_back(at::index_select(state_MW, 0, kept_K));
    }
  }

  void AddSlots(const Batch& batch, const Tensor& kept_K, const Tensor& number_M, int64_t first) {
    const Tensor row_M = at::arange(batch.rows()).repeat_interleave(batch.slots()) + first;
    const Tensor id_M = batch.id_BT.flatten();
    const Tensor none_M = at::full_like(id_M, -1);
    const auto of_patches = [&](const Tensor& value_P) {
      return none_M.index_copy(0, batch.patch_slot_P, value_P);
    };
    const std::vector<Tensor> columns = {row_M,
                                         batch.position_BT.flatten(),
                                         id_M,
                                         KindsOf(id_M, run_.layout.vocabulary),
                                         of_patches(batch.patch_row_col_P2.select(1, 0)),
                                         of_patches(batch.patch_row_col_P2.select(1, 1)),
                                         of_patches(batch.turn_P)};
    for (size_t i = 0; i < columns.size(); ++i) {
      columns_[i].push_back(at::index_select(columns[i], 0, kept_K));
    }
    patch_slot_.push_back(at::index_select(number_M, 0, batch.patch_slot_P));
    predictor_.push_back(at::index_select(number_M, 0, batch.predictor_P));
    patch_.push_back(batch.patch_PD);
    place_.push_back(batch.patch_row_col_P2);
  }

  const Run& run_;
  int64_t slots_ = 0;                        // so far
  std::vector<std::vector<Tensor>> states_;  // by layer, then batch
  std::vector<std::vector<Tensor>> columns_;
  std::vector<Tensor> patch_slot_, predictor_, patch_, place_;
  std::vector<int64_t> begin_, end_;
};

}  // namespace

HiddenStates ReadHiddenStates(const Run& run, const std::vector<Document>& documents) {
  const torch::NoGradGuard no_grad;
  TORCH_CHECK(!documents.empty(), "there are no documents to read");
  Collector collector(run);
  const int64_t count = std::ssize(documents);
  for (int64_t first = 0; first < count; first += kAtOnce) {
    const int64_t last = std::min(count, first + kAtOnce);
    collector.Add({documents.begin() + first, documents.begin() + last}, first);
  }
  return collector.Finish();
}

NamedTensors ExportOf(const HiddenStates& states, int64_t documents) {
  const int64_t slots = (states.slot_NK.select(1, 0) < documents).sum().item<int64_t>();
  const int64_t patches = (states.document_P < documents).sum().item<int64_t>();
  std::vector<Tensor> layers;
  for (const Tensor& state_NW : states.state_NW) {
    layers.push_back(state_NW.narrow(0, 0, slots));
  }
  return {{"states", at::stack(layers)},
          {"slots", states.slot_NK.narrow(0, 0, slots).clone()},
          {"patches", states.patch_PD.narrow(0, 0, patches).clone()},
          {"patch_slots", states.patch_slot_P.narrow(0, 0, patches).clone()}};
}

}  // namespace tessera
