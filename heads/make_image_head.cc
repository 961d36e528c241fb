#include <utility>

#include "config/fields.h"
#include "heads/image_head.h"

namespace tessera {

// A kind without a line here does not compile.
FamilyOf<HeadKind::kDiffusion> Family;
FamilyOf<HeadKind::kMse> Family;
FamilyOf<HeadKind::kGmm> Family;
FamilyOf<HeadKind::kFourier> Family;
FamilyOf<HeadKind::kSoftmax256> Family;
FamilyOf<HeadKind::kCodes> Family;

namespace {

HeadFamily FamilyOfKind(HeadKind kind) {
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return std::array{Family(HeadOf<static_cast<HeadKind>(i)>())...}[static_cast<size_t>(kind)];
  }
  (std::make_index_sequence<kHeads.size()>());
}

}  // namespace

std::shared_ptr<ImageHead> MakeImageHead(const HeadConfig& config, int64_t condition_dim,
                                         int64_t patch_dim, const AutoencoderPtr& autoencoder) {
  const std::string problem = ProblemOf(config);
  TORCH_CHECK(problem.empty(), problem);
  return FamilyOfKind(config.kind).make(config, condition_dim, patch_dim, autoencoder);
}

NetworkSize SizeOfImageHead(const HeadConfig& config, const AutoencoderConfig& codes,
                            double condition_dim, double patch_dim) {
  return FamilyOfKind(config.kind).size(config, codes, condition_dim, patch_dim);
}

}  // namespace tessera
