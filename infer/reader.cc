#include "infer/reader.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "data/packer.h"

namespace tessera {
namespace {

constexpr int64_t kFirstRoom = 64;  // slots; the cache grows by doubling

}  // namespace

Reader::Reader(Model& model, int64_t rows)
    : model_(model), length_(rows, 0), cache_(model.MakeCache(rows, kFirstRoom)) {}

void Reader::Restart(int64_t row, const Sequence& sequence) {
  length_[row] = sequence.size();
  if (sequence.size() == 0) {
    return;
  }
  const Batch batch = PackRows({sequence}, {{0}}, model_.config().patch).To(model_.device());
  cache_.Reserve(sequence.size());
  KvCache view = cache_.Rows(row, 1);
  model_.Hidden(batch, {}, &view, sequence.size());
}

Tensor Reader::Read(const std::vector<std::optional<ReadSlot>>& slots) {
  const int64_t rows = std::ssize(slots);
  std::vector<int64_t> id(rows, 0);
  std::vector<int64_t> position(length_.begin(), length_.begin() + rows);
  for (int64_t row = 0; row < rows; ++row) {
    if (slots[row]) {  // what a waiting row writes to the cache is written over by its next slot
      id[row] = slots[row]->id;
      ++length_[row];
    }
  }
  const int64_t cached = *std::ranges::max_element(position) + 1;
  cache_.Reserve(cached);
  Batch batch;
  batch.id_BT = torch::tensor(id, model_.device()).unsqueeze(1);
  batch.position_BT = torch::tensor(position, model_.device()).unsqueeze(1);
  AddPatches(slots, &batch);
  KvCache view = cache_.Rows(0, rows);
  return model_.Hidden(batch, {}, &view, cached).select(1, 0);
}

void Reader::AddPatches(const std::vector<std::optional<ReadSlot>>& slots, Batch* batch) const {
  std::vector<int64_t> patch_slot, place;
  std::vector<float> noise;
  std::vector<Tensor> patches;
  for (const std::optional<ReadSlot>& slot : slots) {
    if (slot && slot->patch_D.defined()) {
      patch_slot.push_back(&slot - slots.data());
      place.insert(place.end(), {slot->patch_row, slot->patch_col});
      noise.push_back(static_cast<float>(slot->noise));
      patches.push_back(slot->patch_D);
    }
  }
  const torch::Device device = model_.device();
  batch->patch_slot_P = torch::tensor(patch_slot, torch::dtype(torch::kLong).device(device));
  if (patches.empty()) {
    return;  // then the model looks at no more of them
  }
  batch->patch_PD = at::stack(patches);
  batch->patch_place_P2 = torch::tensor(place, device).view({-1, 2});
  batch->noise_P = torch::tensor(noise, device);
  batch->hidden_P = at::zeros({batch->patches()}, torch::dtype(torch::kBool).device(device));
}

}  // namespace tessera
