// What every layer of a run holds of documents, slot by slot.
// N = slots of all documents, P = patches, M = documents, W = width, D = numbers a patch.
#pragma once

#include <string>
#include <vector>

#include "run/named_tensors.h"
#include "run/run.h"

namespace tessera {

enum class SlotKind : int64_t { kText, kPatch, kOther };  // other: <doc>, openers, ends

struct HiddenStates {
  // What the first layer reads, what each layer leaves, and the last under the final norm, as
  // named: "embedding", "layer 1", ..., "normed". f32, on the CPU.
  std::vector<std::string> layers;
  std::vector<Tensor> state_NW;

  // int64 columns document, position in it, id, SlotKind, row and column of a patch in its grid,
  // turn of a patch in its picture; the last three -1 of other slots.
  Tensor slot_NK;

  Tensor patch_slot_P;  // of each patch its slot, an index into the N
  Tensor predictor_P;   // the slot whose state predicts it
  Tensor patch_PD;      // pixels in [-1, 1]
  Tensor row_col_P2;    // row and column
  Tensor document_P;

  // The first slot of each document's first picture and the slot behind its last patch; -1: none.
  Tensor begin_M, end_M;
};

// Documents as the run's layout has them, whole, nothing hidden, without noise.
HiddenStates ReadHiddenStates(const Run& run, const std::vector<Document>& documents);

// The columns of slot_NK.
inline const std::vector<std::string> kSlotColumns = {"document", "position", "id",  "kind",
                                                      "row",      "column",   "turn"};

// Names and tensors of a file of the first `documents` documents.
NamedTensors ExportOf(const HiddenStates& states, int64_t documents);

}  // namespace tessera
