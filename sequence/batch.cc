#include "sequence/batch.h"

#include <ATen/Functions.h>

namespace tessera {

Batch Batch::To(torch::Device device) const {
  Batch moved = *this;
  for (torch::Tensor* tensor :
       {&moved.id_BT, &moved.document_BT, &moved.position_BT, &moved.visible_to_BT,
        &moved.rotary_coordinate_BT2, &moved.target_BT, &moved.weight_BT, &moved.patch_slot_P,
        &moved.predictor_P, &moved.patch_PD, &moved.patch_row_col_P2, &moved.turn_P, &moved.noise_P,
        &moved.hidden_P, &moved.scored_P, &moved.group_BT, &moved.level_P, &moved.visible_from_BT,
        &moved.set_BT}) {
    if (tensor->defined()) {
      *tensor = tensor->to(device);
    }
  }
  return moved;
}

ModelInput WithoutNoise(ModelInput input) {
  input.noise_P = at::zeros_like(input.noise_P);
  return input;
}

}  // namespace tessera
