// What the head over codes is made with; none for other heads.
#pragma once

#include <memory>

#include "heads/codes/patch_autoencoder.h"
#include "ops/random.h"

namespace tessera {

inline constexpr int64_t kCodesOfAVector = 12;

// Two vectors a patch, of the head over codes.
inline std::shared_ptr<PatchAutoencoder> RandomAutoencoder(const HeadConfig& config,
                                                           int64_t patch_dim) {
  if (config.kind != HeadKind::kCodes) {
    return nullptr;
  }
  const AutoencoderConfig shape{
      .kind = AutoencoderKind::kFsq, .vectors = 2, .width = 8, .depth = 1, .levels = {3, 4}};
  auto autoencoder = std::make_shared<PatchAutoencoder>(shape, patch_dim);
  autoencoder->to(torch::kDouble);
  const torch::NoGradGuard no_grad;
  at::Generator rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, 98);
  for (auto& parameter : autoencoder->parameters()) {
    parameter.normal_(0, 1, rng);
  }
  return autoencoder;
}

}  // namespace tessera
