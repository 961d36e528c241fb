// What the model reads: Documents laid out in rows of slots, several in a row, as named tensors.
// B = rows, T = slots a row, P = patches of all rows, D = numbers a patch (3 * patch * patch).
#pragma once

#include <torch/types.h>

namespace tessera {

// What hidden states are computed from.
struct ModelInput {
  torch::Tensor id_BT;  // int64: what stands in the slot; Vocabulary::patch() in a patch's slot
  torch::Tensor document_BT;      // int64: which document of the row, from 0; -1 in padding
  torch::Tensor position_BT;      // int64: slot index inside its document, from 0
  torch::Tensor visible_to_BT;    // int64: the last position of its document that the slot sees
  torch::Tensor visible_from_BT;  // int64: the first one; undefined: 0 everywhere
  torch::Tensor rotary_coordinate_BT2;  // float: row and column for the rotary angles

  torch::Tensor patch_slot_P;      // int64: the slot of each patch, b * T + t, ascending
  torch::Tensor patch_PD;          // float in [-1, 1]: pixels, inner order (row, column, channel)
  torch::Tensor patch_row_col_P2;  // int64: row and column in the picture's grid
  torch::Tensor turn_P;            // int64: the patch's turn in the picture's order, from 0
  torch::Tensor noise_P;   // float: standard deviation of the noise added to the input patch
  torch::Tensor hidden_P;  // bool: the patch is hidden from the model's input (dropped picture)

  // Defined only where there are query patches (model/objectives/query_patches.h).
  torch::Tensor group_BT;  // int64: slots of a group, seen by them alone; -1: of the sequence
  torch::Tensor level_P;   // float: a query's noise, 0 = clean, 1 = noise; -1: of the sequence

  int64_t rows() const { return id_BT.size(0); }
  int64_t slots() const { return id_BT.size(1); }
  int64_t patches() const { return patch_slot_P.size(0); }
};

// An input with what is to be learnt of it.
struct Batch : ModelInput {
  torch::Tensor target_BT;    // int64: the id that this slot must predict; -1 where there is none
  torch::Tensor weight_BT;    // float: weight of that prediction in the text loss
  torch::Tensor scored_P;     // bool: the patch counts in the image loss
  torch::Tensor predictor_P;  // int64: the slot whose state predicts the patch, b * T + t
  torch::Tensor set_BT;       // int64: the number of the document's set; undefined: no mixture

  Batch To(torch::Device device) const;
};

// The input whose patches carry no noise.
ModelInput WithoutNoise(ModelInput input);

}  // namespace tessera
