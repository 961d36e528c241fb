#include "heads/diffusion_head.h"

namespace tessera {

std::shared_ptr<ImageHead> MakeImageHead(const HeadConfig& config, int64_t condition_dim,
                                         int64_t patch_dim) {
  const std::string problem = config.Problem();
  TORCH_CHECK(problem.empty(), problem);
  switch (config.kind) {
    case HeadKind::kDiffusion:
      return MakeDiffusionHead(config, condition_dim, patch_dim);
  }
  TORCH_CHECK(false, "head ", static_cast<int>(config.kind));
}

}  // namespace tessera
