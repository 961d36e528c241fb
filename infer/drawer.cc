#include "infer/drawer.h"

namespace tessera {

std::unique_ptr<Drawer> MakeDrawer(Model& model, Reader& reader, OnConditions on_conditions) {
  const Drawing drawing = model.config().arrangement.row().drawing;
  switch (drawing) {
    case Drawing::kByStates:
      return MakeHeadDrawer(model, std::move(on_conditions));
    case Drawing::kInRounds:
      return MakeMaskedDrawer(model, reader);
    case Drawing::kByBackbone:
      return MakeDenoisingDrawer(model, reader);
  }
  TORCH_CHECK(false, "drawing ", static_cast<int>(drawing));
}

}  // namespace tessera
