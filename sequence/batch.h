// What the model reads: Documents laid out in rows of slots, several in a row, as named tensors.
// B = rows, T = slots a row, P = patches of the whole batch, D = numbers a patch (3 * patch *
// patch). The hidden state at a slot predicts the next slot of its row; where B patches are
// predicted at once, the patch B slots on.
#pragma once

#include <torch/types.h>

namespace tessera {

struct Batch {
  torch::Tensor id_BT;  // int64: what stands in the slot; Vocabulary::patch() in a patch's place
  torch::Tensor document_BT;      // int64: which document of the row, from 0; -1 in padding
  torch::Tensor position_BT;      // int64: slot index inside its document, from 0
  torch::Tensor visible_to_BT;    // int64: the last position of its document that the slot sees
  torch::Tensor visible_from_BT;  // int64: the first one; undefined: 0 everywhere
  torch::Tensor rotary_coordinate_BT2;  // float: row and column for the rotary angles

  torch::Tensor target_BT;  // int64: the id that this slot must predict; -1 where there is none
  torch::Tensor weight_BT;  // float: weight of that prediction in the text loss

  torch::Tensor patch_slot_P;  // int64: where each patch stands, b * T + t, ascending
  torch::Tensor predictor_P;   // int64: the slot whose hidden state predicts the patch, b * T + t
  torch::Tensor patch_PD;      // float in [-1, 1]: pixels, inner order (row, column, channel)
  torch::Tensor patch_row_col_P2;  // int64: row and column in the picture's grid
  torch::Tensor turn_P;            // int64: its turn in the picture's order, from 0
  torch::Tensor noise_P;   // float: standard deviation of the noise added to the input patch
  torch::Tensor hidden_P;  // bool: the patch is hidden from the model's input (dropped picture)
  torch::Tensor scored_P;  // bool: the patch counts in the image loss

  // Of drafts (model/objectives/query_patches.h); undefined where there are none.
  torch::Tensor group_BT;  // int64: slots of a group, seen by them alone; -1: of the sequence
  torch::Tensor level_P;   // float: a query's noise, 0 = clean, 1 = noise; -1: of the sequence

  int64_t rows() const { return id_BT.size(0); }
  int64_t slots() const { return id_BT.size(1); }
  int64_t patches() const { return patch_slot_P.size(0); }
  Batch To(torch::Device device) const;  // also of a batch that has no targets
};

// The batch whose input patches carry no noise.
Batch WithoutNoise(Batch batch);

}  // namespace tessera
