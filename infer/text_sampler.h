#pragma once

#include "infer/config.h"
#include "ops/random.h"

namespace tessera {

// One id from logits_V, float on the CPU: top-k, then min-p, then top-p (Holtzman et al. 2020) at
// the given temperature; ids at -infinity are never drawn.
int64_t SampleText(const Tensor& logits_V, const GenerateConfig& config, at::Generator rng);

}  // namespace tessera
