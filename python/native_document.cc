#include "python/native_document.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/text/text_check.h"

namespace tessera {
namespace {

absl::StatusOr<Segment> ToSegment(const std::string& text, const torch::Tensor& picture) {
  if (picture.dim() == 1) {
    RETURN_IF_ERROR(CheckText(text));
    return Segment(text);
  }
  if (picture.scalar_type() != torch::kByte || picture.dim() != 3 || picture.size(2) != 3 ||
      picture.numel() == 0) {
    return absl::InvalidArgumentError("a picture is a uint8 tensor [height, width, 3]");
  }
  const torch::Tensor bytes = picture.contiguous();
  const uint8_t* begin = bytes.const_data_ptr<uint8_t>();
  return Segment(Image{bytes.size(0), bytes.size(1), {begin, begin + bytes.numel()}});
}

}  // namespace

absl::StatusOr<Document> FromNative(const NativeDocument& native) {
  const auto& [texts, pictures] = native;
  TORCH_CHECK(texts.size() == pictures.size(), texts.size(), " texts, ", pictures.size(),
              " pictures");
  Document document;
  for (size_t i = 0; i < texts.size(); ++i) {
    absl::StatusOr<Segment> segment = ToSegment(texts[i], pictures[i]);
    if (!segment.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("segment ", i, ": ", segment.status().message()));
    }
    document.segments.push_back(*std::move(segment));
  }
  return document;
}

NativeDocument ToNative(const Document& document) {
  NativeDocument native;
  auto& [texts, pictures] = native;
  for (const Segment& segment : document.segments) {
    const std::string* text = AsText(segment);
    texts.push_back(text != nullptr ? *text : "");
    pictures.push_back(text != nullptr ? at::empty({0}, torch::kByte)
                                       : ToTensor(*AsImage(segment)));
  }
  return native;
}

torch::Tensor ToTensor(const Image& image) {
  torch::Tensor pixels = at::empty({image.height, image.width, 3}, torch::kByte);
  std::ranges::copy(image.rgb, pixels.mutable_data_ptr<uint8_t>());
  return pixels;
}

}  // namespace tessera
