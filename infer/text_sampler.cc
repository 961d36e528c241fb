#include "infer/text_sampler.h"

#include <ATen/Functions.h>

#include <limits>

namespace tessera {

Tensor TextProbabilities(const Tensor& logits_V, const GenerateConfig& config) {
  const Tensor exact_V = logits_V.to(torch::kDouble);
  if (config.text_temperature == 0) {
    return at::one_hot(exact_V.argmax(), exact_V.size(0)).to(torch::kDouble);
  }
  auto [sorted_V, id_V] = at::sort(exact_V / config.text_temperature, /*stable=*/true, /*dim=*/0,
                                   /*descending=*/true);
  if (config.top_k > 0) {
    sorted_V.slice(0, config.top_k).fill_(-std::numeric_limits<double>::infinity());
  }
  const Tensor p_V = at::softmax(sorted_V, 0);
  Tensor kept_V = p_V >= config.min_p * p_V[0];
  if (config.top_p < 1) {
    const Tensor likelier_V = at::cumsum(p_V, 0) - p_V;  // what the likelier ids sum to
    kept_V = kept_V.logical_and(likelier_V < config.top_p);
  }
  const Tensor cut_V = p_V * kept_V;
  return at::zeros_like(cut_V).scatter(0, id_V, cut_V / cut_V.sum());
}

int64_t SampleText(const Tensor& logits_V, const GenerateConfig& config, at::Generator rng) {
  return at::multinomial(TextProbabilities(logits_V, config), 1, /*replacement=*/false, rng)
      .item<int64_t>();
}

}  // namespace tessera
