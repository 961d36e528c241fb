#include "infer/drawer.h"

namespace tessera {

std::unique_ptr<Drawer> MakeDrawer(Model& model, Reader& reader, OnConditions on_conditions) {
  switch (model.config().arrangement.objective) {
    case ObjectiveKind::kHead:
      return MakeHeadDrawer(model, std::move(on_conditions));
    case ObjectiveKind::kCopies:
    case ObjectiveKind::kWhole:
      return MakeDenoisingDrawer(model, reader);
    case ObjectiveKind::kMasked:
      return MakeMaskedDrawer(model, reader);
  }
  TORCH_CHECK(false, "objective ", static_cast<int>(model.config().arrangement.objective));
}

}  // namespace tessera
