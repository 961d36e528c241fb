// A run whose model is tiny and has learned nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/status.h"
#include "config/toml.h"
#include "run/make_tokenizer.h"
#include "run/run.h"

namespace tessera {

constexpr char kTiny[] = R"(
[tokenizer]
size = 300
documents = 50
[model]
grids = ["2x2"]
width = 16
layers = 1
heads = 2
kv_heads = 2
ffn = 16
[model.head]
width = 16
depth = 1
[generate]
max_text = 4
max_images = 2
[generate.sampler]
steps = 2
)";

inline absl::StatusOr<Run> UntrainedRun(const std::vector<std::string>& overrides) {
  const auto files = std::make_shared<const Files>();
  RunConfig config;
  RETURN_IF_ERROR(FromToml(kTiny, "test", overrides, &config));
  ASSIGN_OR_RETURN(const auto dataset, OpenDataset(config, Split::kTrain, files));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, MakeTokenizer(config.tokenizer, *dataset, *files));
  return MakeRun(config, std::move(tokenizer));
}

}  // namespace tessera
