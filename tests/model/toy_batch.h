// Batches written by hand: documents of one text, one 2x2 picture of 1-pixel patches, one text.
#pragma once

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "model/model.h"

namespace tessera {

inline const Vocabulary kToyVocabulary(/*text_size=*/11, /*num_grids=*/1);

inline ModelConfig ToyConfig() {
  ModelConfig config;
  config.patch = 1;
  config.grids = {"2x2"};
  config.width = 16;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.ffn = 24;
  config.head.width = 16;
  config.head.depth = 1;
  return config;
}

// Random values everywhere, also where the initialisation is zero, so that no path is silent.
inline std::shared_ptr<Model> ToyModel(ModelConfig config = ToyConfig()) {
  torch::manual_seed(1);
  auto model = std::make_shared<Model>(config, kToyVocabulary, std::vector<PatchGrid>{{2, 2}});
  torch::NoGradGuard no_grad;
  for (Tensor& parameter : model->parameters()) {
    parameter.add_(at::randn_like(parameter) * 0.2);
  }
  return model;
}

// The weights of all, and no target where the next slot is certain.
inline void AddTargets(const Vocabulary& v, Batch* batch) {
  batch->target_BT = at::roll(batch->id_BT, -1, 1);
  const Tensor certain_BT = (batch->target_BT == v.patch())
                                .logical_or(batch->target_BT == v.end_image())
                                .logical_or(batch->target_BT == v.document());
  batch->target_BT.masked_fill_(certain_BT, -1);
  batch->weight_BT = at::ones(batch->id_BT.sizes());
}

// Rows of `per_row` documents, each <doc> t t <open> p p p p <end-image> t t: 11 slots.
inline Batch ToyBatch(int64_t rows, int64_t per_row, double noise = 0, int64_t seed = 2) {
  const Vocabulary& v = kToyVocabulary;
  constexpr int64_t kLength = 11, kFirstPatch = 4;
  torch::manual_seed(seed);
  const int64_t slots = per_row * kLength, patches = rows * per_row * 4;
  Batch batch;
  batch.id_BT = at::randint(0, v.text_size(), {rows, slots}, torch::kLong);
  batch.document_BT = at::arange(slots).div(kLength, "floor").repeat({rows, 1});
  batch.position_BT = at::arange(slots).remainder(kLength).repeat({rows, 1});
  batch.visible_to_BT = batch.position_BT;
  batch.rotary_coordinate_BT2 =
      batch.position_BT.unsqueeze(2).expand({-1, -1, 2}).to(torch::kFloat32);
  std::vector<int64_t> slot;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t first = 0; first < slots; first += kLength) {
      batch.id_BT[row][first] = v.document();
      batch.id_BT[row][first + 3] = v.opener(0);
      batch.id_BT[row][first + 8] = v.end_image();
      for (int64_t i = 0; i < 4; ++i) {
        batch.id_BT[row][first + kFirstPatch + i] = v.patch();
        slot.push_back(row * slots + first + kFirstPatch + i);
      }
    }
  }
  AddTargets(v, &batch);
  batch.patch_slot_P = torch::tensor(slot);
  batch.predictor_P = batch.patch_slot_P - 1;
  batch.patch_PD = at::rand({patches, 3}) * 2 - 1;
  batch.patch_row_col_P2 =
      torch::tensor({0, 0, 0, 1, 1, 0, 1, 1}).view({4, 2}).repeat({patches / 4, 1});
  batch.turn_P = at::arange(patches).remainder(4);
  batch.noise_P = at::full({patches}, noise);
  batch.hidden_P = at::zeros({patches}, torch::kBool);
  batch.scored_P = at::ones({patches}, torch::kBool);
  return batch;
}

}  // namespace tessera
