#include "infer/drawer.h"

namespace tessera {

PatchSampler SamplerOf(Model& model, std::optional<WeightStorage> packed) {
  if (model.config().arrangement.backbone_denoises()) {
    return nullptr;
  }
  ImageHead& head = model.image_head();
  if (packed) {
    return head.PackedSampler(*packed);
  }
  return
      [&head](const Conditions& conditions, const Sampling& sampling,
              std::vector<at::Generator>& rngs) { return head.Sample(conditions, sampling, rngs); };
}

std::unique_ptr<Drawer> MakeDrawer(Model& model, Reader& reader, DrawerCalls calls) {
  const Drawing drawing = model.config().arrangement.row().drawing;
  switch (drawing) {
    case Drawing::kByStates:
      return MakeHeadDrawer(model, std::move(calls));
    case Drawing::kInRounds:
      return MakeMaskedDrawer(model, reader, std::move(calls));
    case Drawing::kByBackbone:
      return MakeDenoisingDrawer(model, reader);
  }
  TORCH_CHECK(false, "drawing ", static_cast<int>(drawing));
}

}  // namespace tessera
