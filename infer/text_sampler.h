// The softmax over ids, cut to what is likely. V = ids.
#pragma once

#include "infer/config.h"
#include "ops/random.h"

namespace tessera {

// Probabilities, in double, at the config's temperature (0: all on the likeliest id), of the ids
// that top-k, top-p (Holtzman et al. 2020) and min-p all keep; 0 elsewhere. top-p and min-p look at
// the probabilities among those that top-k keeps. Ids at -infinity have none.
Tensor TextProbabilities(const Tensor& logits_V, const GenerateConfig& config);

int64_t SampleText(const Tensor& logits_V, const GenerateConfig& config, at::Generator rng);

}  // namespace tessera
