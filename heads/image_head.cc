#include "heads/image_head.h"

#include <torch/utils.h>

namespace tessera {

Tensor ImageHead::Sample(const Conditions& conditions, const Sampling& sampling,
                         std::vector<at::Generator>& rngs) {
  const torch::NoGradGuard no_grad;
  CheckSampler(config_, sampling.config);
  return SampleRows(conditions, sampling, rngs);
}

PatchSampler ImageHead::PackedSampler(WeightStorage) {
  return [this](const Conditions& conditions, const Sampling& sampling,
                std::vector<at::Generator>& rngs) { return Sample(conditions, sampling, rngs); };
}

std::optional<BinDecoder> ImageHead::FitDecoder(const Tensor&, const Tensor&, at::Generator) {
  return std::nullopt;
}

void CheckSampler(const HeadConfig& head, const SamplerConfig& sampler) {
  const std::string problem = SamplerProblem(head, sampler);
  TORCH_CHECK(problem.empty(), problem);
}

}  // namespace tessera
