#include "analysis/measure/captioned.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <map>
#include <utility>

#include "config/status.h"
#include "ops/pixels.h"

namespace tessera {
namespace {

constexpr int64_t kMostClasses = 32, kLeastPictures = 20;  // of each class

}  // namespace

const std::string* CaptionOf(const Document& document) {
  const std::vector<Segment>& segments = document.segments;
  return segments.size() > 1 && AsImage(segments[1]) != nullptr ? AsText(segments[0]) : nullptr;
}

absl::StatusOr<std::vector<CaptionedPicture>> CaptionedPictures(const Dataset& dataset,
                                                                int64_t count) {
  std::vector<CaptionedPicture> pictures;
  count = std::min(count, dataset.size());
  for (int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i * dataset.size() / count));
    if (const std::string* caption = CaptionOf(document)) {
      pictures.push_back({*caption, *AsImage(document.segments[1])});
    }
  }
  return pictures;
}

std::vector<PictureInPlace> PicturesInPlace(const Document& document) {
  std::vector<PictureInPlace> pictures;
  Document up_to;
  std::string text;
  for (const Segment& segment : document.segments) {
    up_to.segments.push_back(segment);
    if (const Image* image = AsImage(segment)) {
      pictures.push_back({*image, std::exchange(text, ""), up_to});
    } else {
      text = *AsText(segment);
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
