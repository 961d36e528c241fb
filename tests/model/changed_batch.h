// What tests of visibility compare with: who hears of a slot is told by what changes with it.
#pragma once

#include <ATen/Functions.h>

#include "sequence/batch.h"
#include "sequence/vocabulary.h"

namespace tessera {

// The input of one row with something else in one slot: other pixels of a patch, another id.
inline ModelInput ChangedAt(int64_t slot, const ModelInput& input, const Vocabulary& vocabulary) {
  ModelInput changed = input;
  changed.id_BT = input.id_BT.clone();
  changed.patch_PD = input.patch_PD.clone();
  const at::Tensor patch = at::nonzero(input.patch_slot_P == slot).flatten();
  if (patch.size(0) == 1) {
    changed.patch_PD[patch.item<int64_t>()] += .5;
  } else {
    changed.id_BT[0][slot] = (input.id_BT[0][slot] + 1) % vocabulary.text_size();
  }
  return changed;
}

}  // namespace tessera
