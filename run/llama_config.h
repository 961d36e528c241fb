// The config.json of Hugging Face models whose transformer is the backbone's: Llama, Mistral, Qwen2
// and Qwen3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/config.h"
#include "sequence/vocabulary.h"

namespace tessera {

struct LlamaConfig {
  ModelConfig model;    // the keys of the backbone and the text head; others have their defaults
  int64_t ids = 0;      // of text
  int64_t context = 0;  // slots that it was made for; 0: the file does not say
  std::optional<int64_t> begin, end;  // ids that begin and end a text
};

// Errors name the key. What would change the mathematics and is not built here is refused, and so
// is a number or a true under a key that is not known.
absl::StatusOr<LlamaConfig> ParseLlamaConfig(std::string_view text);

// Whether ParseLlamaConfig decides the key of a run's config.
bool IsLlamaKey(const std::string& path);

// The text of a config.json under which `transformers` loads the model's text side; every id of the
// vocabulary is an id there. InvalidArgument if it has no class for such a model.
absl::StatusOr<std::string> WriteLlamaConfig(const LlamaConfig& config);

}  // namespace tessera
