#include "heads/patch_autoencoder.h"

namespace tessera {

MakeHead MakeDiffusionHead, MakeMseHead, MakeGmmHead, MakeFourierHead, MakeSoftmax256Head;
std::shared_ptr<ImageHead> MakeCodesHead(const HeadConfig& config, int64_t condition_dim,
                                         std::shared_ptr<PatchAutoencoder> autoencoder);

std::shared_ptr<ImageHead> MakeImageHead(const HeadConfig& config, int64_t condition_dim,
                                         int64_t patch_dim,
                                         std::shared_ptr<PatchAutoencoder> autoencoder) {
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
    case HeadKind::kCodes:
      return MakeCodesHead(config, condition_dim, std::move(autoencoder));
  }
  TORCH_CHECK(false, "head ", static_cast<int>(config.kind));
}

}  // namespace tessera
