#include "infer/reader.h"

#include <gtest/gtest.h>

#include "data/packer.h"
#include "tests/infer/toy_run.h"

namespace tessera {
namespace {

// The slots of a document, with the pictures' patches.
std::vector<ReadSlot> SlotsOf(const Document& document) {
  const Sequence sequence = Layout(document, Toy().layout, Toy().tokenizer);
  const Batch batch = PackRows({sequence}, {{0}}, Toy().layout.patch);
  std::vector<ReadSlot> slots;
  for (const int64_t id : sequence.ids) {
    slots.push_back({.id = id});
  }
  for (int64_t p = 0; p < batch.patches(); ++p) {
    ReadSlot& slot = slots[batch.patch_slot_P[p].item<int64_t>()];
    slot.patch_D = batch.patch_PD[p];
    slot.patch_row = batch.patch_place_P2[p][0].item<int64_t>();
    slot.patch_col = batch.patch_place_P2[p][1].item<int64_t>();
  }
  return slots;
}

Tensor FullForward(const Document& document) {
  const Sequence sequence = Layout(document, Toy().layout, Toy().tokenizer);
  return Toy().model->Hidden(PackRows({sequence}, {{0}}, Toy().layout.patch), {})[0];
}

const std::vector<Document>& Documents() {
  static const std::vector<Document> documents = {
      {{"text of a red dot"}},
      {{NoisePicture(4, 4, 1)}},
      {{"a red dot", NoisePicture(2, 6, 2), "of a document", NoisePicture(4, 4, 3)}}};
  return documents;
}

double Difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Reader, ThinksAtEverySlotWhatTheFullForwardThinks) {
  const torch::NoGradGuard no_grad;
  for (const Document& document : Documents()) {
    Reader reader(*Toy().model, 1);
    const Tensor full_TW = FullForward(document);
    const std::vector<ReadSlot> slots = SlotsOf(document);
    for (size_t t = 0; t < slots.size(); ++t) {
      EXPECT_LT(Difference(reader.Read({slots[t]})[0], full_TW[t]), 1e-4) << t;
    }
  }
}

TEST(Reader, ReadsRowsOfDifferentLengthsAsItReadsEachAlone) {
  const torch::NoGradGuard no_grad;
  Reader reader(*Toy().model, std::ssize(Documents()));
  std::vector<std::vector<ReadSlot>> rows;
  std::vector<Tensor> full;
  for (const Document& document : Documents()) {
    rows.push_back(SlotsOf(document));
    full.push_back(FullForward(document));
  }
  std::vector<size_t> next(rows.size(), 0);
  for (int step = 0; next[0] + next[1] + next[2] < rows[0].size() + rows[1].size() + rows[2].size();
       ++step) {
    std::vector<std::optional<ReadSlot>> slots(rows.size());
    for (size_t row = 0; row < rows.size(); ++row) {
      const bool waits = step % 3 == static_cast<int>(row) || next[row] == rows[row].size();
      slots[row] = waits ? std::nullopt : std::optional(rows[row][next[row]++]);
    }
    const Tensor h_RW = reader.Read(slots);
    for (size_t row = 0; row < rows.size(); ++row) {
      if (slots[row]) {
        EXPECT_LT(Difference(h_RW[row], full[row][next[row] - 1]), 1e-4) << row;
      }
    }
  }
}

TEST(Reader, ForgetsWhatARowReadBeforeItsRestart) {
  const torch::NoGradGuard no_grad;
  Reader reader(*Toy().model, 2);
  const std::vector<ReadSlot> slots = SlotsOf(Documents()[2]);
  for (const ReadSlot& slot : slots) {
    reader.Read({slot, slot});
  }
  Sequence begun = LayoutPrompt(Documents()[0], Toy().layout, Toy().tokenizer);
  const int64_t last = begun.ids.back();
  begun.ids.pop_back();
  reader.Restart(1, begun);
  const Tensor h_RW = reader.Read({std::nullopt, ReadSlot{.id = last}});
  EXPECT_LT(Difference(h_RW[1], FullForward(Documents()[0])[begun.size()]), 1e-4);
}

}  // namespace
}  // namespace tessera
