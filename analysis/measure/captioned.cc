#include "analysis/measure/captioned.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <map>

#include "config/status.h"
#include "ops/pixels.h"

namespace tessera {
namespace {

constexpr int64_t kMostClasses = 32, kLeastPictures = 20;  // of each class

}  // namespace

absl::StatusOr<std::vector<CaptionedPicture>> CaptionedPictures(const Dataset& dataset,
                                                                int64_t count) {
  std::vector<CaptionedPicture> pictures;
  count = std::min(count, dataset.size());
  for (int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(Document document, dataset.Get(i * dataset.size() / count));
    std::vector<Segment>& segments = document.segments;
    if (segments.size() > 1 && AsText(segments[0]) && AsImage(segments[1])) {
      pictures.push_back(
          {std::get<std::string>(std::move(segments[0])), std::get<Image>(std::move(segments[1]))});
    }
  }
  return pictures;
}

std::vector<std::string> ClassesOf(const std::vector<CaptionedPicture>& pictures) {
  std::map<std::string, int64_t> counts;
  for (const CaptionedPicture& picture : pictures) {
    ++counts[picture.caption];
  }
  std::vector<std::string> classes;
  for (const auto& [caption, count] : counts) {
    if (count < kLeastPictures) {
      return {};
    }
    classes.push_back(caption);
  }
  return classes.size() < 2 || std::ssize(classes) > kMostClasses ? std::vector<std::string>()
                                                                  : classes;
}

torch::Tensor ImageTensor(const Image& image) {
  const torch::Tensor value_HWC = at::tensor(at::ArrayRef<uint8_t>(image.rgb), torch::kUInt8)
                                      .view({image.height, image.width, 3});
  return FromPixelValues(value_HWC.permute({2, 0, 1}).to(torch::kFloat32));
}

}  // namespace tessera
