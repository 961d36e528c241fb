#include "heads/image_head.h"

namespace tessera {

MakeHead MakeDiffusionHead, MakeMseHead, MakeGmmHead, MakeFourierHead, MakeSoftmax256Head;

std::shared_ptr<ImageHead> MakeImageHead(const HeadConfig& config, int64_t condition_dim,
                                         int64_t patch_dim) {
  const std::string problem = config.Problem();
  TORCH_CHECK(problem.empty(), problem);
  const auto make = [&](MakeHead& head) { return head(config, condition_dim, patch_dim); };
  switch (config.kind) {
    case HeadKind::kDiffusion:
      return make(MakeDiffusionHead);
    case HeadKind::kMse:
      return make(MakeMseHead);
    case HeadKind::kGmm:
      return make(MakeGmmHead);
    case HeadKind::kFourier:
      return make(MakeFourierHead);
    case HeadKind::kSoftmax256:
      return make(MakeSoftmax256Head);
  }
  TORCH_CHECK(false, "head ", static_cast<int>(config.kind));
}

}  // namespace tessera
