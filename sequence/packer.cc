// B = rows, T = slots a row, P = patches of the whole batch, D = numbers a patch.
#include "sequence/packer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "sequence/patch_grid.h"
#include "sequence/patch_order.h"
#include "sequence/patches.h"
#include "sequence/slots.h"

namespace tessera {
namespace {

constexpr int64_t kRoundTo = 8;

// A copy without torch's own threads, which would compete with the loader's.
template <class T>
torch::Tensor ToTensor(const std::vector<T>& values, torch::ScalarType type,
                       std::vector<int64_t> shape) {
  torch::Tensor tensor = at::empty(shape, type);
  TORCH_CHECK(tensor.nbytes() == values.size() * sizeof(T), "shape ", shape, " for ", values.size(),
              " values");
  std::memcpy(tensor.data_ptr(), values.data(), tensor.nbytes());
  return tensor;
}

class BatchBuilder {
 public:
  BatchBuilder(int64_t rows, int64_t slots, int64_t patch)
      : rows_(rows),
        slots_(slots),
        patch_(patch),
        id_(rows * slots, 0),
        document_(rows * slots, -1),
        position_(rows * slots, 0),
        seen_(rows * slots, 0),
        since_(rows * slots, 0),
        target_(rows * slots, -1),
        set_(rows * slots, -1),
        coordinate_(2 * rows * slots, 0),
        weight_(rows * slots, 0) {}

  // first: the sequence's first slot, b * T + t.
  void Add(const Sequence& sequence, int64_t first, int64_t document) {
    PositionCursor cursor(sequence.arrangement.positions);
    const std::vector<RotaryCoordinates> coordinates = CoordinatesOf(sequence, &cursor);
    std::ranges::copy(LastVisible(sequence), seen_.begin() + first);
    std::ranges::copy(FirstVisible(sequence), since_.begin() + first);
    for (int64_t i = 0; i < sequence.size(); ++i) {
      id_[first + i] = sequence.ids[i];
      document_[first + i] = document;
      position_[first + i] = i;
      set_[first + i] = sequence.set;
      std::ranges::copy(coordinates[i], coordinate_.begin() + 2 * (first + i));
      if (i > 0 && sequence.weights[i] > 0) {
        target_[first + i - 1] = sequence.ids[i];
        weight_[first + i - 1] = sequence.weights[i];
      }
    }
    for (const Picture& picture : sequence.pictures) {
      AddPicture(picture, sequence, first);
    }
  }

  Batch Build() const {
    const int64_t patches = std::ssize(slot_);
    Batch batch;
    batch.id_BT = ToTensor(id_, torch::kInt64, {rows_, slots_});
    batch.document_BT = ToTensor(document_, torch::kInt64, {rows_, slots_});
    batch.position_BT = ToTensor(position_, torch::kInt64, {rows_, slots_});
    batch.visible_to_BT = ToTensor(seen_, torch::kInt64, {rows_, slots_});
    if (std::ranges::any_of(set_, [](int64_t set) { return set >= 0; })) {
      batch.set_BT = ToTensor(set_, torch::kInt64, {rows_, slots_});
    }
    if (std::ranges::any_of(since_, [](int64_t position) { return position > 0; })) {
      batch.visible_from_BT = ToTensor(since_, torch::kInt64, {rows_, slots_});
    }
    batch.rotary_coordinate_BT2 = ToTensor(coordinate_, torch::kFloat32, {rows_, slots_, 2});
    batch.target_BT = ToTensor(target_, torch::kInt64, {rows_, slots_});
    batch.weight_BT = ToTensor(weight_, torch::kFloat32, {rows_, slots_});
    batch.patch_slot_P = ToTensor(slot_, torch::kInt64, {patches});
    batch.predictor_P = ToTensor(predictor_, torch::kInt64, {patches});
    batch.patch_PD = ToTensor(pixels_, torch::kFloat32, {patches, PatchDim(patch_)});
    batch.patch_row_col_P2 = ToTensor(place_, torch::kInt64, {patches, 2});
    batch.turn_P = ToTensor(index_, torch::kInt64, {patches});
    batch.noise_P = ToTensor(noise_, torch::kFloat32, {patches});
    batch.hidden_P = ToTensor(hidden_, torch::kBool, {patches});
    batch.scored_P = ToTensor(scored_, torch::kBool, {patches});
    return batch;
  }

 private:
  void AddPicture(const Picture& picture, const Sequence& sequence, int64_t first) {
    const torch::Tensor patch_ND = Patchify(picture.image, patch_);
    int64_t turn = 0;
    for (const int64_t cell :
         CellsInOrder(sequence.arrangement.order, picture.grid, picture.order_key)) {
      slot_.push_back(first + picture.first_slot + turn);
      predictor_.push_back(first + PredictorSlot(sequence, picture, turn));
      const auto [row, col] = picture.grid.At(cell);
      place_.insert(place_.end(), {row, col});
      index_.push_back(turn++);
      noise_.push_back(static_cast<float>(picture.noise));
      hidden_.push_back(picture.hidden);
      scored_.push_back(picture.scored && !picture.hidden && picture.first_slot >= sequence.prefix);
      const float* numbers = patch_ND.data_ptr<float>() + cell * patch_ND.size(1);
      pixels_.insert(pixels_.end(), numbers, numbers + patch_ND.size(1));
    }
  }

  int64_t rows_, slots_, patch_;
  std::vector<int64_t> id_, document_, position_, seen_, since_, target_, set_;  // B * T
  std::vector<float> coordinate_, weight_;                                       // 2 * B * T, B * T
  std::vector<int64_t> slot_, predictor_, place_, index_;  // P, but place_ 2 * P
  std::vector<float> pixels_, noise_;                      // P * D, P
  std::vector<uint8_t> hidden_, scored_;                   // P
};

// How much room each of so many rows has, in a binary tree of maxima, so that the first row with
// room is found in as many steps as the tree is high.
class RoomOfRows {
 public:
  RoomOfRows(size_t rows, int64_t row_length)
      : leaves_(std::bit_ceil(rows)), row_length_(row_length), most_(2 * leaves_, row_length) {}

  // Returns the first row with room for so many slots, a row of its own for more than row_length,
  // and takes them from it.
  size_t Take(int64_t slots) {
    const int64_t wanted = std::min(slots, row_length_);
    size_t node = 1;
    while (node < leaves_) {
      node *= 2;
      node += most_[node] < wanted;
    }
    const size_t row = node - leaves_;
    most_[node] -= slots;
    while ((node /= 2) > 0) {
      most_[node] = std::max(most_[2 * node], most_[2 * node + 1]);
    }
    return row;
  }

 private:
  size_t leaves_;
  int64_t row_length_;
  std::vector<int64_t> most_;  // under node 1; those under `node` are at 2 node and 2 node + 1
};

}  // namespace

std::vector<Row> AssignRows(const std::vector<Sequence>& sequences, int64_t row_length) {
  Row longest_first(sequences.size());
  std::iota(longest_first.begin(), longest_first.end(), 0);
  std::ranges::stable_sort(longest_first, std::ranges::greater(),
                           [&](int64_t i) { return sequences[i].size(); });
  RoomOfRows room(sequences.size(), row_length);
  std::vector<Row> rows;
  for (const int64_t i : longest_first) {
    const size_t row = room.Take(sequences[i].size());
    rows.resize(std::max(rows.size(), row + 1));
    rows[row].push_back(i);
  }
  return rows;
}

Batch PackRows(const std::vector<Sequence>& sequences, const std::vector<Row>& rows, int64_t patch,
               int64_t round_to) {
  int64_t slots = 1;
  for (const Row& row : rows) {
    int64_t used = 0;
    for (const int64_t i : row) {
      used += sequences[i].size();
    }
    slots = std::max(slots, used);
  }
  slots = (slots + round_to - 1) / round_to * round_to;
  BatchBuilder builder(std::ssize(rows), slots, patch);
  for (int64_t b = 0; b < std::ssize(rows); ++b) {
    int64_t first = b * slots;
    for (int64_t document = 0; document < std::ssize(rows[b]); ++document) {
      const Sequence& sequence = sequences[rows[b][document]];
      builder.Add(sequence, first, document);
      first += sequence.size();
    }
  }
  return builder.Build();
}

Batch Pack(const std::vector<Sequence>& sequences, int64_t row_length, int64_t patch) {
  return PackRows(sequences, AssignRows(sequences, row_length), patch, kRoundTo);
}

}  // namespace tessera
