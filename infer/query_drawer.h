// Draws patches by looking at drafts of them beside what rows have read
// (model/objectives/query_patches.h): noisy ones, which the backbone cleans step by step, or hidden
// ones, of which each round draws some.
#pragma once

#include <vector>

#include "infer/continuation.h"
#include "infer/reader.h"
#include "model/model.h"

namespace tessera {

// Row i of condition l is row l * rows.size() + i of the reader.
struct DraftDrawer {
  Model& model;
  Reader& reader;
  std::vector<Continuation>& rows;
  int64_t num_conditions;
  const GenerateConfig& config;

  // The next patches of these rows, which all draw, are drawn and appended.
  void Draw(const std::vector<int64_t>& drawing, const SamplerConfig& sampler);
};

}  // namespace tessera
