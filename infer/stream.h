// Continues many documents, each by a request of its own, a few at a time.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "infer/engine.h"

namespace tessera {

struct DocumentStream {
  int64_t count = 0;    // of documents
  int64_t at_once = 1;  // that are in the engine at a time
  std::function<EngineRequest(int64_t i)> request;
  // Takes the i-th document as soon as it is whole. An error ends the stream.
  std::function<absl::Status(int64_t i, const Document& document)> on_document;
};

// A document joins when another one leaves. If options.stop is set, the documents that are not
// whole yet are dropped, which is no error.
absl::Status ContinueEach(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
                          const EngineOptions& options, const DocumentStream& stream);

}  // namespace tessera
