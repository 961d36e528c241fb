#include "data/batch.h"

namespace tessera {

Batch Batch::To(torch::Device device) const {
  Batch moved = *this;
  for (torch::Tensor* tensor :
       {&moved.id_BT, &moved.document_BT, &moved.position_BT, &moved.seen_BT, &moved.coordinate_BT2,
        &moved.target_BT, &moved.weight_BT, &moved.patch_slot_P, &moved.patch_PD,
        &moved.patch_place_P2, &moved.patch_index_P, &moved.noise_P, &moved.hidden_P,
        &moved.scored_P, &moved.group_BT, &moved.level_P, &moved.since_BT}) {
    if (tensor->defined()) {
      *tensor = tensor->to(device);
    }
  }
  return moved;
}

}  // namespace tessera
