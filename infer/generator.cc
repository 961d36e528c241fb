#include "infer/generator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ops/failures.h"

namespace tessera {

absl::Status CheckPrompt(const Document& prompt, Until until, const LayoutSpec& layout,
                         const Tokenizer& tokenizer) {
  LayoutSpec whole = layout;
  whole.max_slots = 0;
  int64_t slots = LayoutPrompt(prompt, whole, tokenizer).size();
  if (until == Until::kImage) {
    slots += std::ranges::max(layout.grids, {}, &PatchGrid::size).size() +
             layout.arrangement.patches_at_once();  // of openers
  }
  if (layout.max_slots == 0 || slots <= layout.max_slots) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the prompt needs ", slots, " slots", until == Until::kImage ? " with its picture" : "",
      ", and this model was trained on ", layout.max_slots, " (train.row_length); shorten it"));
}

std::vector<Document> Generate(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
                               const GenerateConfig& config, const GenerateRequest& request) {
  EngineOptions options = OptionsOf(config);
  options.on_conditions = request.on_conditions;
  options.stop = request.stop;
  Engine engine(model, tokenizer, layout, std::move(options));
  std::vector<Document> documents(request.prompts.size());
  for (size_t i = 0; i < documents.size(); ++i) {
    engine.Add({request.prompts[i], config, request.until, request.grid, request.seed,
                request.first_index + static_cast<int64_t>(i), request.amed});
  }
  const auto step = [&] {
    for (EngineEvent& event : engine.Step()) {
      if (Document* document = std::get_if<Document>(&event.what)) {
        documents[static_cast<size_t>(event.request)] = std::move(*document);
      }
    }
  };
  try {
    for (int64_t steps = 1; !engine.idle() && !(request.stop && *request.stop); ++steps) {
      step();
      if (request.on_step) {
        request.on_step(steps);
      }
    }
  } catch (const Stopped&) {  // in the middle of a patch
  }
  return documents;
}

}  // namespace tessera
