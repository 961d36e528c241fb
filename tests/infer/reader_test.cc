#include "infer/reader.h"

#include <gtest/gtest.h>

#include "sequence/packer.h"
#include "tests/infer/toy_run.h"
#include "tests/sequence/arrangements.h"

namespace tessera {
namespace {

// The slots of a document with the pictures' patches, those together that see each other.
std::vector<ReadBlock> BlocksOf(const Document& document, const ToyRun& toy = Toy()) {
  const Sequence sequence = Layout(document, toy.layout, toy.tokenizer);
  const Batch batch = PackRows({sequence}, {{0}}, toy.layout.patch);
  std::vector<ReadSlot> slots;
  for (const int64_t id : sequence.ids) {
    slots.push_back({.id = id});
  }
  int64_t p = 0;
  for (const Picture& picture : sequence.pictures) {
    for (int64_t turn = 0; turn < picture.grid.size(); ++turn, ++p) {
      const auto place = batch.patch_row_col_P2[p];
      slots[picture.first_slot + turn] = {
          .id = toy.layout.vocabulary.patch(),
          .patch_D = batch.patch_PD[p],
          .grid = picture.grid,
          .turn = turn,
          .cell = place[0].item<int64_t>() * picture.grid.cols + place[1].item<int64_t>()};
    }
  }
  std::vector<ReadBlock> blocks;
  const std::vector<int64_t> last = LastVisible(sequence);
  for (int64_t t = 0; t < sequence.size(); t = last[t] + 1) {
    blocks.push_back({slots.begin() + t, slots.begin() + last[t] + 1});
  }
  return blocks;
}

Tensor FullForward(const Document& document, const ToyRun& toy = Toy()) {
  const Sequence sequence = Layout(document, toy.layout, toy.tokenizer);
  return toy.model->Hidden(PackRows({sequence}, {{0}}, toy.layout.patch), {})[0];
}

const std::vector<Document>& Documents() {
  static const std::vector<Document> documents = {
      {{"text of a red dot"}},
      {{NoisePicture(4, 4, 1)}},
      {{"a red dot", NoisePicture(2, 6, 2), "of a document", NoisePicture(4, 4, 3)}},
      {{NoisePicture(2, 6, 4), "a red dot"}}};
  return documents;
}

double Difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Reader, ThinksAtEverySlotWhatTheFullForwardThinksUnderEveryArrangement) {
  const torch::NoGradGuard no_grad;
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy({{2, 2}, {1, 3}}, arrangement);
    for (const Document& document : Documents()) {
      Reader reader(*toy.model, 1);
      const Tensor full_TW = FullForward(document, toy);
      int64_t t = 0;
      for (const ReadBlock& block : BlocksOf(document, toy)) {
        const Tensor h_TW = reader.Read({block})[0];
        EXPECT_LT(Difference(h_TW, full_TW.narrow(0, t, std::ssize(block))), 1e-4)
            << NameOf(arrangement) << " " << t;
        t += std::ssize(block);
      }
      EXPECT_EQ(t, full_TW.size(0));
    }
  }
}

// A sequence's last slot, which others may have seen, decides what comes next.
TEST(Reader, ReadsTheLastSlotOfAPromptAsTheFullForwardDoesUnderEveryArrangement) {
  const torch::NoGradGuard no_grad;
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy({{2, 2}, {1, 3}}, arrangement);
    for (const Document& document : Documents()) {
      const Sequence prompt = LayoutPrompt(document, toy.layout, toy.tokenizer);
      const Tensor full_TW = toy.model->Hidden(PackRows({prompt}, {{0}}, toy.layout.patch), {})[0];
      Reader reader(*toy.model, 1);
      const ReadSlot last = reader.RestartBeforeLast(0, {prompt}).front();
      EXPECT_LT(Difference(reader.Read({{last}})[0][0], full_TW[prompt.size() - 1]), 1e-4)
          << NameOf(arrangement);
    }
  }
}

void ExpectRowsToBeReadAsAlone(const ToyRun& toy) {
  Reader reader(*toy.model, std::ssize(Documents()));
  std::vector<std::vector<ReadBlock>> rows;
  std::vector<Tensor> full;
  for (const Document& document : Documents()) {
    rows.push_back(BlocksOf(document, toy));
    full.push_back(FullForward(document, toy));
  }
  std::vector<size_t> next(rows.size(), 0);
  std::vector<int64_t> read(rows.size(), 0);
  const auto ended = [&](size_t row) { return next[row] == rows[row].size(); };
  for (size_t step = 0; !(ended(0) && ended(1) && ended(2) && ended(3)); ++step) {
    std::vector<ReadBlock> blocks(rows.size());
    for (size_t row = 0; row < rows.size(); ++row) {
      if (step % 5 != row && !ended(row)) {
        blocks[row] = rows[row][next[row]++];
      }
    }
    const Tensor h_RTW = reader.Read(blocks);
    for (size_t row = 0; row < rows.size(); ++row) {
      const int64_t size = std::ssize(blocks[row]);
      if (size > 0) {
        const Tensor expected_TW = full[row].narrow(0, read[row], size);
        EXPECT_LT(Difference(h_RTW[row].narrow(0, 0, size), expected_TW), 1e-4)
            << NameOf(toy.layout.arrangement) << " " << row;
      }
      read[row] += size;
    }
  }
}

TEST(Reader, ReadsRowsOfDifferentLengthsAsItReadsEachAlone) {
  const torch::NoGradGuard no_grad;
  for (const AttentionMask mask : EveryValue<AttentionMask>()) {
    ExpectRowsToBeReadAsAlone(
        ToyRun({{2, 2}, {1, 3}}, {.positions = Positions::kMRope, .mask = mask, .block = 2}));
  }
}

TEST(Reader, ReadsPromptsTogetherAsEachAloneThoughLengthsDifferAndSomeAreAlike) {
  const torch::NoGradGuard no_grad;
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy({{2, 2}, {1, 3}}, arrangement);
    std::vector<Sequence> prompts;
    for (int repeat = 0; repeat < 2; ++repeat) {
      for (const Document& document : Documents()) {
        prompts.push_back(LayoutPrompt(document, toy.layout, toy.tokenizer));
      }
    }
    Reader together(*toy.model, std::ssize(prompts));
    std::vector<ReadBlock> next;
    for (const ReadSlot& last : together.RestartBeforeLast(0, prompts)) {
      next.push_back({last});
    }
    const Tensor h_RTW = together.Read(next);
    for (int64_t row = 0; row < std::ssize(prompts); ++row) {
      Reader alone(*toy.model, 1);
      const ReadSlot last = alone.RestartBeforeLast(0, {prompts[row]}).front();
      EXPECT_LT(Difference(h_RTW[row], alone.Read({{last}})[0]), 1e-4)
          << NameOf(arrangement) << " " << row;
    }
  }
}

TEST(Reader, ForgetsWhatARowReadBeforeItsRestart) {
  const torch::NoGradGuard no_grad;
  Reader reader(*Toy().model, 2);
  for (const ReadBlock& block : BlocksOf(Documents()[2])) {
    reader.Read({block, block});
  }
  const Sequence begun = LayoutPrompt(Documents()[0], Toy().layout, Toy().tokenizer);
  const ReadSlot last = reader.RestartBeforeLast(1, {begun}).front();
  const Tensor h_RTW = reader.Read({{}, {last}});
  EXPECT_LT(Difference(h_RTW[1][0], FullForward(Documents()[0])[begun.size() - 1]), 1e-4);
}

}  // namespace
}  // namespace tessera
