#include "python/generation.h"

#include <ATen/Functions.h>

#include "config/enum_names.h"
#include "infer/generator.h"
#include "ops/failures.h"
#include "python/errors.h"
#include "run/requirements.h"
#include "sequence/grids.h"
#include "sequence/patches.h"

namespace tessera {
namespace {

// In the grids in which the model reads pictures, as `tessera generate` prepares a prompt.
Document Fitted(Document document, const LayoutSpec& layout) {
  for (Segment& segment : document.segments) {
    if (Image* image = std::get_if<Image>(&segment)) {
      const PatchGrid grid = layout.grids[NearestGrid(*image, layout.grids)];
      *image = FitToGrid(*image, grid, layout.patch, layout.fit);
    }
  }
  return document;
}

}  // namespace

Generation::Generation(const c10::intrusive_ptr<NativeRun>& run,
                       const std::vector<std::string>& settings)
    : opened_(run),
      run_(run->WithSettings(settings)),
      engine_(*run_.model, run_.tokenizer, run_.layout, OptionsOf(run_.config.generate)) {}

int64_t Generation::Add(const NativeDocument& prompt, const std::string& until, int64_t grid,
                        int64_t seed, int64_t index) {
  EngineRequest request{.prompt = Fitted(ValueOrThrow(FromNative(prompt)), run_.layout),
                        .config = run_.config.generate,
                        .seed = static_cast<uint64_t>(seed),
                        .index = index,
                        .amed = run_.amed};
  const auto known = EnumFromName<Until>(until);
  if (!known) {
    ThrowIfError(absl::InvalidArgumentError("until is text, image or end, not '" + until + "'"));
  }
  request.until = *known;
  if (grid >= 0) {
    request.grid = grid;
  }
  if (request.until == Until::kImage || request.grid) {
    ThrowIfError(CheckGeneratesImages(opened_->path(), run_));
  }
  ThrowIfError(CheckPrompt(request.prompt, request.until, run_.layout, run_.tokenizer));
  return engine_.Add(std::move(request));
}

NativeEvent Generation::ToNativeEvent(EngineEvent event) {
  const Tensor none = at::empty({0}, torch::kByte);  // LibTorch cannot look at an undefined one
  if (const auto* token = std::get_if<TokenEvent>(&event.what)) {
    return {event.request, "token", {token->id}, none};
  }
  if (const auto* patch = std::get_if<PatchEvent>(&event.what)) {
    const Image pixels = Unpatchify(patch->pixels_D.unsqueeze(0), {1, 1}, run_.layout.patch);
    return {event.request,
            "patch",
            {patch->grid.rows, patch->grid.cols, patch->cell},
            ToTensor(pixels)};
  }
  if (const auto* picture = std::get_if<Image>(&event.what)) {
    return {event.request, "picture", {}, ToTensor(*picture)};
  }
  finished_[event.request] = std::get<Document>(std::move(event.what));
  return {event.request, "document", {}, none};
}

std::vector<NativeEvent> Generation::Step() {
  std::vector<NativeEvent> events;
  try {
    for (EngineEvent& event : engine_.Step()) {
      events.push_back(ToNativeEvent(std::move(event)));
    }
  } catch (const NotFinite& error) {
    ThrowIfError(absl::DataLossError(error.what()));
  }
  return events;
}

NativeDocument Generation::Take(int64_t request) {
  const auto found = finished_.find(request);
  TORCH_CHECK(found != finished_.end(), "request ", request, " has not finished");
  NativeDocument document = ToNative(found->second);
  finished_.erase(found);
  return document;
}

}  // namespace tessera
