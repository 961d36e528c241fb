// The drawing side of an objective (model/objectives/objective.h): the next patches of documents
// that draw. G = guidance conditions, T = slots of a block, W = width of a hidden state, D =
// numbers a patch.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "infer/continuation.h"
#include "infer/reader.h"

namespace tessera {

struct DrawingRow {
  Continuation& continuation;
  const std::vector<int64_t>& reader_rows;  // one a guidance condition
  Tensor h_GTW;                             // hidden states of the block that they read last
};

// Is called with the conditions under which the image head draws next.
using OnConditions = std::function<void(const Conditions&)>;

class Drawer {
 public:
  virtual ~Drawer() = default;

  // Draws the patches of each row's NextCells: [patches, D] a row, numbers of 8-bit pixels. All
  // rows have as many guidance conditions and the guidance interval of the first.
  virtual std::vector<Tensor> Draw(const std::vector<DrawingRow>& rows,
                                   const Sampling& sampling) = 0;
};

// What a drawer calls beside the model and the reader.
struct DrawerCalls {
  PatchSampler sample;         // of the image head; empty under objectives without one
  OnConditions on_conditions;  // may be empty
};

// The sampler of the model's image head, over packed weights if there are to be any; empty if the
// model has no head.
PatchSampler SamplerOf(Model& model, std::optional<WeightStorage> packed);

// The drawer of the model's objective. Model and reader must outlive it.
std::unique_ptr<Drawer> MakeDrawer(Model& model, Reader& reader, DrawerCalls calls);

// The kinds, each in a file of its own.
std::unique_ptr<Drawer> MakeHeadDrawer(Model& model, DrawerCalls calls);
std::unique_ptr<Drawer> MakeDenoisingDrawer(Model& model, Reader& reader);
std::unique_ptr<Drawer> MakeMaskedDrawer(Model& model, Reader& reader, DrawerCalls calls);

}  // namespace tessera
