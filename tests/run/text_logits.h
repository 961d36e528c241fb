// Logits of rows that are texts alone, each one document from its first slot on.
#pragma once

#include <ATen/Functions.h>

#include "model/model.h"

namespace tessera {

inline Tensor TextLogits(Model& model, const Tensor& id_BT) {
  const int64_t rows = id_BT.size(0), slots = id_BT.size(1);
  ModelInput input;
  input.id_BT = id_BT;
  input.document_BT = at::zeros_like(id_BT);
  input.position_BT = at::arange(slots).repeat({rows, 1});
  input.visible_to_BT = input.position_BT;
  input.rotary_coordinate_BT2 = input.position_BT.unsqueeze(2).expand({rows, slots, 2});
  input.patch_slot_P = at::zeros({0}, torch::kLong);
  return model.TextLogits(model.Hidden(input, {}).flatten(0, 1)).unflatten(0, {rows, slots});
}

}  // namespace tessera
