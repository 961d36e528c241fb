#include <utility>

#include "config/fields.h"
#include "heads/image_head.h"

namespace tessera {

// A kind without a line here does not compile.
HeadMaker<HeadKind::kDiffusion> MakeHead;
HeadMaker<HeadKind::kMse> MakeHead;
HeadMaker<HeadKind::kGmm> MakeHead;
HeadMaker<HeadKind::kFourier> MakeHead;
HeadMaker<HeadKind::kSoftmax256> MakeHead;
HeadMaker<HeadKind::kCodes> MakeHead;

std::shared_ptr<ImageHead> MakeImageHead(const HeadConfig& config, int64_t condition_dim,
                                         int64_t patch_dim, const AutoencoderPtr& autoencoder) {
  const std::string problem = ProblemOf(config);
  TORCH_CHECK(problem.empty(), problem);
  std::shared_ptr<ImageHead> head;
  const auto make_if_named = [&](auto kind) {
    if (kind == config.kind) {
      head = MakeHead(kind, config, condition_dim, patch_dim, autoencoder);
    }
  };
  [&]<size_t... i>(std::index_sequence<i...>) {
    (make_if_named(HeadOf<static_cast<HeadKind>(i)>()), ...);
  }
  (std::make_index_sequence<EnumNames(HeadKind()).size()>());
  TORCH_CHECK(head != nullptr, "head ", static_cast<int>(config.kind));
  return head;
}

}  // namespace tessera
