// A head of random weights, and what is drawn for it.
#pragma once

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>
#include <vector>

#include "heads/image_head.h"
#include "ops/random.h"
#include "tests/heads/codes/random_autoencoder.h"

namespace tessera {

inline constexpr int64_t kConditionDim = 4;
inline constexpr int64_t kPatchDim = 3;

inline at::Generator Rng(uint64_t item) {
  return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item);
}

inline std::vector<at::Generator> Rngs(int64_t count, uint64_t first = 0) {
  std::vector<at::Generator> rngs;
  for (int64_t i = 0; i < count; ++i) {
    rngs.push_back(Rng(first + static_cast<uint64_t>(i)));
  }
  return rngs;
}

inline Tensor Randn(at::IntArrayRef shape, uint64_t item) {
  return torch::randn(shape, Rng(100'000 + item), torch::kDouble);
}

// In double, every weight of which matters: initial zeros are replaced.
inline std::shared_ptr<ImageHead> RandomHead(const HeadConfig& config,
                                             int64_t patch_dim = kPatchDim) {
  const torch::NoGradGuard no_grad;
  auto head = MakeImageHead(config, kConditionDim, patch_dim, RandomAutoencoder(config, patch_dim));
  head->to(torch::kDouble);
  at::Generator rng = Rng(99);
  for (auto& parameter : head->parameters()) {
    parameter.normal_(0, .3, rng);
  }
  return head;
}

inline std::vector<GuidanceCondition> One(const Tensor& z_NZ) {
  return {{z_NZ, torch::ones({z_NZ.size(0), 1})}};
}

}  // namespace tessera
