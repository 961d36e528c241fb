// Document -> Document: continues documents of texts and pictures, all to their end.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "data/document.h"
#include "infer/engine.h"

namespace tessera {

// Whether the prompt, and the picture that kImage asks for, has room in what the model was trained
// on (layout.max_slots).
absl::Status CheckPrompt(const Document& prompt, Until until, const LayoutSpec& layout,
                         const Tokenizer& tokenizer);

struct GenerateRequest {
  std::vector<Document> prompts;
  Until until = Until::kEnd;
  uint64_t seed = 0;
  int64_t first_index = 0;           // prompt i has index first_index + i: batches change nothing
  std::optional<int64_t> grid = {};  // of every picture; else the text head chooses
  std::shared_ptr<AmedPredictor> amed = nullptr;    // of sampler amed
  std::function<void(int64_t steps)> on_step = {};  // after each step of all documents
  OnConditions on_conditions = {};                  // before patches are drawn under them
  const std::atomic<bool>* stop = nullptr;  // once it is set, drawing ends within a look at a patch
};

// Each prompt and its continuation; an empty document for one that `stop` cut off. A text that
// continues a prompt's text belongs to the same segment. kText ends before the next picture, kImage
// after it, kEnd with the document. kImage after a text begins the picture at once, after a picture
// may first write.
std::vector<Document> Generate(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
                               const GenerateConfig& config, const GenerateRequest& request);

}  // namespace tessera
