#include "infer/text_sampler.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <limits>

namespace tessera {

int64_t SampleText(const Tensor& logits_V, const GenerateConfig& config, at::Generator rng) {
  if (config.text_temperature == 0) {
    return logits_V.argmax().item<int64_t>();
  }
  auto [sorted_V, id_V] =
      at::sort(logits_V / config.text_temperature, /*dim=*/0, /*descending=*/true);
  if (config.top_k > 0 && config.top_k < sorted_V.size(0)) {
    sorted_V = sorted_V.narrow(0, 0, config.top_k);
  }
  Tensor p_V = at::softmax(sorted_V, 0);
  const Tensor below_V = at::cumsum(p_V, 0) - p_V;  // mass of the more probable ids
  const Tensor kept_V = (below_V < config.top_p).logical_and(p_V >= config.min_p * p_V[0]);
  p_V = p_V * kept_V;
  const Tensor drawn = at::multinomial(p_V, 1, /*replacement=*/false, rng);
  return id_V[drawn.item<int64_t>()].item<int64_t>();
}

}  // namespace tessera
