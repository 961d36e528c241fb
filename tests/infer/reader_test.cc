#include "infer/reader.h"

#include <gtest/gtest.h>

#include "sequence/packer.h"
#include "sequence/slots.h"
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

// A row that has read nothing.
int64_t OpenEmpty(Reader& reader) { return reader.Open({Sequence()}, /*before_last=*/false)[0]; }

// Both kinds: what calls the model, and what reads packed weights.
TEST(Reader, ThinksAtEverySlotWhatTheFullForwardThinksUnderEveryArrangement) {
  const torch::NoGradGuard no_grad;
  for (const Arrangement& arrangement : EveryArrangement()) {
    const ToyRun toy({{2, 2}, {1, 3}}, arrangement);
    PackedModel packed(*toy.model, WeightStorage::kF32);
    for (size_t i = 0; i < 2 * Documents().size(); ++i) {
      const Document& document = Documents()[i / 2];
      const auto reader = MakeReader(*toy.model, i % 2 == 0 ? nullptr : &packed);
      const int64_t row = OpenEmpty(*reader);
      const Tensor full_TW = FullForward(document, toy);
      int64_t t = 0;
      for (const ReadBlock& block : BlocksOf(document, toy)) {
        const Tensor h_TW = reader->Read({{row, block}})[0];
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
      const auto reader = MakeReader(*toy.model);
      const int64_t row = reader->Open({prompt}, /*before_last=*/true)[0];
      const ReadSlot last{.id = prompt.ids.back()};
      EXPECT_LT(Difference(reader->Read({{row, {last}}})[0][0], full_TW[prompt.size() - 1]), 1e-4)
          << NameOf(arrangement);
    }
  }
}

// A document that is being read in a row.
struct Reading {
  int64_t row;
  std::vector<ReadBlock> blocks;
  Tensor full_TW;
  size_t next = 0;
  int64_t read = 0;

  bool ended() const { return next == blocks.size(); }
};

// Reads documents one after the other, block by block, beside rows that wait, open and close.
void ExpectRowsToBeReadAsAlone(const ToyRun& toy, PackedModel* packed) {
  const auto reader = MakeReader(*toy.model, packed);
  std::vector<Reading> open;
  const auto begin = [&](const Document& document) {
    open.push_back({OpenEmpty(*reader), BlocksOf(document, toy), FullForward(document, toy)});
  };
  size_t begun = 2;
  begin(Documents()[0]);
  begin(Documents()[1]);
  for (size_t step = 0; !open.empty(); ++step) {
    if (step % 3 == 2 && begun < 8) {
      begin(Documents()[begun++ % 4]);
    }
    std::vector<RowBlock> blocks;
    std::vector<Reading*> readers;
    for (size_t i = open.size(); i-- > 0;) {  // another order than that of opening
      if ((step + i) % 5 != 0) {
        readers.push_back(&open[i]);
        blocks.push_back({open[i].row, open[i].blocks[open[i].next++]});
      }
    }
    const Tensor h_NTW = blocks.empty() ? Tensor() : reader->Read(blocks);
    for (size_t n = 0; n < readers.size(); ++n) {
      const int64_t size = std::ssize(blocks[n].block);
      const Tensor expected_TW = readers[n]->full_TW.narrow(0, readers[n]->read, size);
      EXPECT_LT(Difference(h_NTW[static_cast<int64_t>(n)].narrow(0, 0, size), expected_TW), 1e-4)
          << NameOf(toy.layout.arrangement) << " " << step;
      readers[n]->read += size;
    }
    for (const Reading& reading : open) {
      if (reading.ended()) {
        reader->Close(reading.row);
      }
    }
    std::erase_if(open, [](const Reading& reading) { return reading.ended(); });
  }
  EXPECT_EQ(begun, 8u);
}

TEST(Reader, ReadsRowsThatWaitJoinAndLeaveAsItReadsEachAlone) {
  const torch::NoGradGuard no_grad;
  for (const AttentionMask mask : EveryValue<AttentionMask>()) {
    const ToyRun toy({{2, 2}, {1, 3}}, {.positions = Positions::kMRope, .mask = mask, .block = 2});
    PackedModel packed(*toy.model, WeightStorage::kF32);
    ExpectRowsToBeReadAsAlone(toy, nullptr);
    ExpectRowsToBeReadAsAlone(toy, &packed);
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
    const auto together = MakeReader(*toy.model);
    const std::vector<int64_t> rows = together->Open(prompts, /*before_last=*/true);
    std::vector<RowBlock> next;
    for (size_t i = 0; i < prompts.size(); ++i) {
      next.push_back({rows[i], {{.id = prompts[i].ids.back()}}});
    }
    const Tensor h_NTW = together->Read(next);
    for (size_t i = 0; i < prompts.size(); ++i) {
      const auto alone = MakeReader(*toy.model);
      const int64_t row = alone->Open({prompts[i]}, /*before_last=*/true)[0];
      EXPECT_LT(Difference(h_NTW[static_cast<int64_t>(i)], alone->Read({{row, next[i].block}})[0]),
                1e-4)
          << NameOf(arrangement) << " " << i;
    }
  }
}

TEST(Reader, ForgetsWhatItHasPeekedAt) {
  const torch::NoGradGuard no_grad;
  const auto reader = MakeReader(*Toy().model);
  const int64_t first = OpenEmpty(*reader), second = OpenEmpty(*reader);
  const std::vector<ReadBlock> blocks = BlocksOf(Documents()[2]), other = BlocksOf(Documents()[1]);
  const Tensor full_TW = FullForward(Documents()[2]);
  for (size_t t = 0; t < blocks.size(); ++t) {
    const ReadBlock& peeked = other[t % other.size()];
    const Tensor before = reader->Peek({{second, peeked}, {first, peeked}});
    EXPECT_TRUE(torch::equal(reader->Peek({{second, peeked}, {first, peeked}}), before));
    const Tensor h_NTW = reader->Read({{first, blocks[t]}, {second, blocks[t]}});
    EXPECT_LT(Difference(h_NTW[0][0], full_TW[static_cast<int64_t>(t)]), 1e-4) << t;
    EXPECT_LT(Difference(h_NTW[1][0], full_TW[static_cast<int64_t>(t)]), 1e-4) << t;
  }
}

TEST(Reader, NamesNoRowThatIsClosed) {
  const auto reader = MakeReader(*Toy().model);
  const int64_t row = OpenEmpty(*reader);
  reader->Close(row);
  EXPECT_THROW(reader->Close(row), c10::Error);
  EXPECT_NE(OpenEmpty(*reader), row);
}

}  // namespace
}  // namespace tessera
