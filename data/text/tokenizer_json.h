// The tokenizer.json of Hugging Face's `tokenizers`, as far as it is byte-level BPE: that of GPT-2,
// Llama 3, Qwen and SmolLM2.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "data/text/text_codec.h"

namespace tessera {

// Whether the bytes are JSON, and no sentencepiece model.
bool IsTokenizerJson(std::string_view bytes);

// Ids are those of the `tokenizers` package without its post-processor: a document's own <doc> and
// <end-doc> stand for what that adds. Added tokens are found in texts, and decoded as they are
// written. What is not read here is refused by its name in the file.
absl::StatusOr<std::shared_ptr<const TextCodec>> ParseTokenizerJson(std::string_view text);

}  // namespace tessera
