// R = rows of a batch.
#include <ATen/Functions.h>

#include <algorithm>

#include "infer/reader.h"
#include "sequence/packer.h"
#include "sequence/slots.h"

namespace tessera {
namespace {

constexpr int64_t kFirstRoom = 64;  // slots; the cache grows by doubling

// The slots that are read at once, as an input of the model.
class BlockInput {
 public:
  BlockInput(int64_t rows, int64_t width, torch::Device device)
      : rows_(rows),
        width_(width),
        device_(device),
        id_(rows * width, 0),
        coordinate_(2 * rows * width, 0) {}

  // Slots past the row's block continue its positions.
  void AddRow(int64_t row, int64_t first, const ReadBlock& block, bool alone) {
    const int64_t size = std::ssize(block);
    for (int64_t i = 0; i < width_; ++i) {
      position_.push_back(first + i);
      visible_to_.push_back(first + std::max(i, size - 1));
      const bool patch = i < size && block[i].patch_D.defined();
      visible_from_.push_back(alone && patch ? first + i - block[i].turn : 0);
      if (i < size) {
        id_[row * width_ + i] = block[i].id;
      }
      if (patch) {
        AddPatch(row * width_ + i, block[i]);
      }
    }
  }

  void SetCoordinates(int64_t row, int64_t i, const RotaryCoordinates& at) {
    std::ranges::copy(at, coordinate_.begin() + 2 * (row * width_ + i));
  }

  ModelInput Build(bool alone) const {
    const auto slots = [&](const std::vector<int64_t>& values) {
      return torch::tensor(values, device_).view({rows_, width_});
    };
    ModelInput input;
    input.id_BT = slots(id_);
    input.position_BT = slots(position_);
    input.visible_to_BT = slots(visible_to_);
    if (alone) {
      input.visible_from_BT = slots(visible_from_);
    }
    input.rotary_coordinate_BT2 = torch::tensor(coordinate_).view({rows_, width_, 2}).to(device_);
    input.patch_slot_P = torch::tensor(patch_slot_, torch::dtype(torch::kLong).device(device_));
    if (!patches_.empty()) {  // else the model looks at no more of them
      input.patch_PD = at::stack(patches_);
      input.patch_row_col_P2 = torch::tensor(row_col_, device_).view({-1, 2});
      input.noise_P = torch::tensor(noise_, device_);
      input.hidden_P = torch::tensor(hidden_, device_).to(torch::kBool);
      if (std::ranges::max(level_) >= 0) {
        input.level_P = torch::tensor(level_, device_);
      }
    }
    return input;
  }

 private:
  void AddPatch(int64_t slot, const ReadSlot& patch) {
    const auto [row, col] = patch.grid.At(patch.cell);
    patch_slot_.push_back(slot);
    row_col_.insert(row_col_.end(), {row, col});
    noise_.push_back(static_cast<float>(patch.noise));
    level_.push_back(static_cast<float>(patch.level));
    hidden_.push_back(patch.hidden);
    patches_.push_back(patch.patch_D);
  }

  int64_t rows_, width_;
  torch::Device device_;
  std::vector<int64_t> id_, position_, visible_to_, visible_from_, patch_slot_, row_col_, hidden_;
  std::vector<double> coordinate_;
  std::vector<float> noise_, level_;
  std::vector<Tensor> patches_;
};

class CachedReader : public Reader {
 public:
  CachedReader(Model& model, PackedModel* packed)
      : model_(model), packed_(packed), cache_(model.MakeCache(0, kFirstRoom)) {}

  std::vector<int64_t> Open(const std::vector<Sequence>& sequences, bool before_last) override {
    std::vector<int64_t> opened;
    std::vector<Sequence> read = sequences;
    for (size_t i = 0; i < sequences.size(); ++i) {
      Sequence sequence = sequences[i];
      if (before_last) {
        const bool seen = sequence.prefix == sequence.size();  // the last slot, by those before it
        sequence.ids.pop_back();
        if (!seen) {
          read[i] = sequence;
        }
      }
      Row row{.name = next_name_++, .length = sequence.size(), .cursor = NewCursor()};
      CoordinatesOf(sequence, &row.cursor);
      rows_.push_back(row);
      opened.push_back(row.name);
    }
    ReadWhole(read);
    return opened;
  }

  void Close(int64_t name) override {
    const int64_t row = IndexOf(name), last = std::ssize(rows_) - 1;
    Swap(row, last);
    rows_.pop_back();
    cache_.DropLastRow();
  }

  Tensor Read(const std::vector<RowBlock>& blocks) override {
    int64_t width = 1;
    for (int64_t i = 0; i < std::ssize(blocks); ++i) {
      Swap(i, IndexOf(blocks[i].row));
      width = std::max<int64_t>(width, std::ssize(blocks[i].block));
    }
    const int64_t count = std::ssize(blocks);
    const bool alone = model_.config().arrangement.mask == AttentionMask::kBlockDiagonal;
    BlockInput input(count, width, model_.device());
    int64_t slots = 0;
    for (int64_t i = 0; i < count; ++i) {
      // What the cache is given past a block is written over by the slots that the row reads next,
      // before anything sees it.
      const ReadBlock& block = blocks[i].block;
      Row& row = rows_[i];
      input.AddRow(i, row.length, block, alone);
      for (int64_t t = 0; t < std::ssize(block); ++t) {
        input.SetCoordinates(i, t, Advance(block[t], &row.cursor));
      }
      slots = std::max(slots, row.length + width);
      row.length += std::ssize(block);
    }
    KvCache view = Using(slots).Rows(0, count);
    view.Use(slots);
    const ModelInput built = input.Build(alone);
    return packed_ != nullptr ? packed_->Hidden(built, view)
                              : model_.Hidden(built, {}, {.cache = &view});
  }

  Tensor Peek(const std::vector<RowBlock>& blocks) override {
    std::vector<Row> before;
    for (const RowBlock& block : blocks) {
      before.push_back(rows_[IndexOf(block.row)]);
    }
    Tensor h_NTW = Read(blocks);
    std::ranges::copy(before, rows_.begin());  // where Read has put them
    return h_NTW;
  }

 private:
  struct Row {
    int64_t name;
    int64_t length;  // slots that the row has read
    PositionCursor cursor;
  };

  PositionCursor NewCursor() const { return PositionCursor(model_.config().arrangement.positions); }

  static RotaryCoordinates Advance(const ReadSlot& slot, PositionCursor* cursor) {
    return slot.patch_D.defined() ? cursor->Patch(slot.grid, slot.turn, slot.cell) : cursor->Id();
  }

  int64_t IndexOf(int64_t name) const {
    const auto found = std::ranges::find(rows_, name, &Row::name);
    TORCH_CHECK(found != rows_.end(), "no row ", name, " is open");
    return found - rows_.begin();
  }

  void Swap(int64_t a, int64_t b) {
    if (a != b) {
      std::swap(rows_[a], rows_[b]);
      cache_.SwapRows(a, b);
    }
  }

  // The cache with so many slots in use, and those of every row.
  KvCache& Using(int64_t slots) {
    for (const Row& row : rows_) {
      slots = std::max(slots, row.length);
    }
    cache_.Use(slots);
    return cache_;
  }

  // Fills the cache of the last rows. Sequences that are alike, as prompts without their texts
  // often are, are read once.
  void ReadWhole(const std::vector<Sequence>& sequences) {
    std::vector<Sequence> distinct;
    std::vector<tessera::Row> packed;
    std::vector<int64_t> read_as;  // of each sequence: which of the distinct ones it is
    int64_t slots = 0;
    for (const Sequence& sequence : sequences) {
      slots = std::max(slots, sequence.size());
      const auto found = std::ranges::find(distinct, sequence);
      read_as.push_back(found - distinct.begin());
      if (found == distinct.end()) {
        packed.push_back({std::ssize(distinct)});
        distinct.push_back(sequence);
      }
    }
    cache_.AppendRows(std::ssize(sequences));
    if (slots == 0) {
      return;
    }
    Batch batch = PackRows(distinct, packed, model_.config().patch);
    // What shorter rows write behind their end is written over before anything sees it.
    batch.position_BT = at::arange(slots).expand({std::ssize(packed), slots}).contiguous();
    const int64_t first = std::ssize(rows_) - std::ssize(sequences);
    KvCache all = Using(slots).Rows(first, std::ssize(sequences));
    all.Use(slots);
    KvCache read = all.Rows(0, std::ssize(packed));
    if (packed_ != nullptr) {
      packed_->Hidden(batch, read);
    } else {
      model_.Remember(batch.To(model_.device()), &read);
    }
    if (distinct.size() < sequences.size()) {
      all.TakeRows(read_as);
    }
  }

  Model& model_;
  PackedModel* packed_;
  std::vector<Row> rows_;  // as they stand in the cache
  int64_t next_name_ = 0;
  KvCache cache_;
};

}  // namespace

std::unique_ptr<Reader> MakeReader(Model& model, PackedModel* packed) {
  return std::make_unique<CachedReader>(model, packed);
}

}  // namespace tessera
