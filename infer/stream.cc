#include "infer/stream.h"

#include <map>

#include "config/status.h"
#include "ops/failures.h"

namespace tessera {

absl::Status ContinueEach(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
                          const EngineOptions& options, const DocumentStream& stream) {
  Engine engine(model, tokenizer, layout, options);
  std::map<int64_t, int64_t> document_of;  // by request
  int64_t next = 0;
  try {
    while (options.stop == nullptr || !*options.stop) {
      for (; next < stream.count && std::ssize(document_of) < stream.at_once; ++next) {
        document_of[engine.Add(stream.request(next))] = next;
      }
      if (document_of.empty()) {
        break;
      }
      for (const EngineEvent& event : engine.Step()) {
        if (const Document* document = std::get_if<Document>(&event.what)) {
          RETURN_IF_ERROR(stream.on_document(document_of.at(event.request), *document));
          document_of.erase(event.request);
        }
      }
    }
  } catch (const Stopped&) {  // in the middle of a patch
  }
  return absl::OkStatus();
}

}  // namespace tessera
