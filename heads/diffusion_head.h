// A patch drawn by denoising (Li et al. 2024): the network learns to clean noisy patches given the
// condition, and a sampler turns noise into a patch with it.
#pragma once

#include "heads/image_head.h"

namespace tessera {

std::shared_ptr<ImageHead> MakeDiffusionHead(const HeadConfig& config, int64_t condition_dim,
                                             int64_t patch_dim);

}  // namespace tessera
