// Document -> Document: continues documents of texts and pictures, slot by slot.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "data/document.h"
#include "infer/config.h"
#include "model/model.h"
#include "sequence/layout.h"

namespace tessera {

// Whether the prompt, and the picture that kImage asks for, has room in what the model was trained
// on (layout.max_slots).
absl::Status CheckPrompt(const Document& prompt, Until until, const LayoutSpec& layout,
                         const Tokenizer& tokenizer);

struct GenerateRequest {
  std::vector<Document> prompts;
  Until until = Until::kEnd;
  uint64_t seed = 0;
  int64_t first_index = 0;  // prompt i draws from stream first_index + i: batches change nothing
  std::optional<int64_t> grid = {};                 // of every picture; else the text head chooses
  std::function<void(int64_t slots)> on_slot = {};  // after each step of all rows
  std::function<void(const Conditions&)> on_conditions = {};  // before patches are drawn under them
};

// Each prompt and its continuation. A text that continues a prompt's text belongs to the same
// segment. kText ends before the next picture, kImage after it, kEnd with the document. kImage
// after a text begins the picture at once, after a picture may first write.
std::vector<Document> Generate(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
                               const GenerateConfig& config, const GenerateRequest& request);

}  // namespace tessera
