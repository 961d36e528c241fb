#include "infer/reader.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "sequence/packer.h"

namespace tessera {
namespace {

constexpr int64_t kFirstRoom = 64;  // slots; the cache grows by doubling

Tensor Stacked(const std::vector<RotaryCoordinates>& coordinates) {
  std::vector<double> numbers;
  for (const RotaryCoordinates& at : coordinates) {
    numbers.insert(numbers.end(), at.begin(), at.end());
  }
  return torch::tensor(numbers);
}

}  // namespace

Reader::Reader(Model& model, int64_t rows)
    : model_(model),
      length_(rows, 0),
      cursor_(rows, PositionCursor(model.config().arrangement.positions)),
      cache_(model.MakeCache(rows, kFirstRoom)) {}

void Reader::Restart(int64_t first, const std::vector<Sequence>& sequences) {
  for (int64_t i = 0; i < std::ssize(sequences); ++i) {
    Stand(first + i, sequences[i]);
  }
  ReadWhole(first, sequences);
}

void Reader::ReadWhole(int64_t first, const std::vector<Sequence>& sequences) {
  // Sequences that are alike, as prompts without their texts often are, are read once.
  std::vector<Sequence> distinct;
  std::vector<Row> rows;
  std::vector<int64_t> read_as;  // of each sequence: which of the distinct ones it is
  int64_t slots = 0;
  for (const Sequence& sequence : sequences) {
    slots = std::max(slots, sequence.size());
    const auto found = std::ranges::find(distinct, sequence);
    read_as.push_back(found - distinct.begin());
    if (found == distinct.end()) {
      rows.push_back({std::ssize(distinct)});
      distinct.push_back(sequence);
    }
  }
  if (slots == 0) {
    return;
  }
  Batch batch = PackRows(distinct, rows, model_.config().patch);
  // What shorter rows write behind their end is written over before anything sees it.
  batch.position_BT = at::arange(slots).expand({std::ssize(rows), slots}).contiguous();
  cache_.Reserve(slots);
  KvCache read = cache_.Rows(first, std::ssize(rows));
  model_.Remember(batch.To(model_.device()), &read, slots);
  if (distinct.size() < sequences.size()) {
    cache_.Rows(first, std::ssize(sequences)).TakeRows(read_as, slots);
  }
}

std::vector<ReadSlot> Reader::RestartBeforeLast(int64_t first, std::vector<Sequence> sequences) {
  std::vector<ReadSlot> last;
  std::vector<Sequence> read = sequences;
  for (size_t i = 0; i < sequences.size(); ++i) {
    last.push_back({.id = sequences[i].ids.back()});
    const bool seen = sequences[i].prefix == sequences[i].size();  // by the slots before it
    sequences[i].ids.pop_back();
    if (!seen) {
      read[i] = sequences[i];
    }
    Stand(first + static_cast<int64_t>(i), sequences[i]);
  }
  ReadWhole(first, read);
  return last;
}

void Reader::Stand(int64_t row, const Sequence& sequence) {
  length_[row] = sequence.size();
  cursor_[row] = PositionCursor(model_.config().arrangement.positions);
  CoordinatesOf(sequence, &cursor_[row]);
}

Tensor Reader::Read(const std::vector<ReadBlock>& blocks) {
  const int64_t rows = std::ssize(blocks);
  int64_t width = 1;
  for (const ReadBlock& block : blocks) {
    width = std::max<int64_t>(width, std::ssize(block));
  }
  const bool alone = model_.config().arrangement.mask == AttentionMask::kBlockDiagonal;
  std::vector<int64_t> id(rows * width, 0), position, seen, since;
  std::vector<RotaryCoordinates> coordinates(rows * width);
  for (int64_t row = 0; row < rows; ++row) {
    // What is written to the cache past a block, or by a waiting row, is written over by the slots
    // that are read next, before anything sees it.
    const int64_t first = length_[row], size = std::ssize(blocks[row]);
    for (int64_t i = 0; i < width; ++i) {
      position.push_back(first + i);
      seen.push_back(first + std::max(i, size - 1));
      const bool patch = i < size && blocks[row][i].patch_D.defined();
      since.push_back(alone && patch ? first + i - blocks[row][i].turn : 0);
      if (i < size) {
        id[row * width + i] = blocks[row][i].id;
        coordinates[row * width + i] = Step(row, blocks[row][i]);
      }
    }
    length_[row] += size;
  }
  const int64_t cached = std::ranges::max(position) + 1;
  cache_.Reserve(cached);
  const torch::Device device = model_.device();
  Batch batch;
  batch.id_BT = torch::tensor(id, device).view({rows, width});
  batch.position_BT = torch::tensor(position, device).view({rows, width});
  batch.visible_to_BT = torch::tensor(seen, device).view({rows, width});
  if (alone) {
    batch.visible_from_BT = torch::tensor(since, device).view({rows, width});
  }
  batch.rotary_coordinate_BT2 = Stacked(coordinates).view({rows, width, 2}).to(device);
  AddPatches(blocks, width, &batch);
  KvCache view = cache_.Rows(0, rows);
  return model_.Hidden(batch, {}, &view, cached);
}

Tensor Reader::Peek(const std::vector<ReadBlock>& blocks) {
  const std::vector<int64_t> length = length_;
  const std::vector<PositionCursor> cursor = cursor_;
  Tensor h_RTW = Read(blocks);
  length_ = length;
  cursor_ = cursor;
  return h_RTW;
}

RotaryCoordinates Reader::Step(int64_t row, const ReadSlot& slot) {
  return slot.patch_D.defined() ? cursor_[row].Patch(slot.grid, slot.turn, slot.cell)
                                : cursor_[row].Id();
}

void Reader::AddPatches(const std::vector<ReadBlock>& blocks, int64_t width, Batch* batch) const {
  std::vector<int64_t> patch_slot, place;
  std::vector<float> noise, level;
  std::vector<int64_t> hidden;
  std::vector<Tensor> patches;
  for (int64_t row = 0; row < std::ssize(blocks); ++row) {
    for (int64_t i = 0; i < std::ssize(blocks[row]); ++i) {
      const ReadSlot& slot = blocks[row][i];
      if (slot.patch_D.defined()) {
        patch_slot.push_back(row * width + i);
        const auto [row, col] = slot.grid.At(slot.cell);
        place.insert(place.end(), {row, col});
        noise.push_back(static_cast<float>(slot.noise));
        level.push_back(static_cast<float>(slot.level));
        hidden.push_back(slot.hidden);
        patches.push_back(slot.patch_D);
      }
    }
  }
  const torch::Device device = model_.device();
  batch->patch_slot_P = torch::tensor(patch_slot, torch::dtype(torch::kLong).device(device));
  if (patches.empty()) {
    return;  // then the model looks at no more of them
  }
  batch->patch_PD = at::stack(patches);
  batch->patch_row_col_P2 = torch::tensor(place, device).view({-1, 2});
  batch->noise_P = torch::tensor(noise, device);
  batch->hidden_P = torch::tensor(hidden, device).to(torch::kBool);
  if (std::ranges::max(level) >= 0) {
    batch->level_P = torch::tensor(level, device);
  }
}

}  // namespace tessera
