#include "data/pictures.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/image_io.h"

namespace tessera {
namespace {

// FitTo averages over areas again afterwards; with a whole factor the two averages are one.
Image Shrunk(Image image, int64_t height, int64_t width) {
  if (height <= 0 || width <= 0) {
    return image;
  }
  const int64_t factor = std::min(image.height / (2 * height), image.width / (2 * width));
  return factor < 2 ? image : Resize(image, image.height / factor, image.width / factor);
}

}  // namespace

Pictures::Pictures(std::shared_ptr<const Source> source, PictureLimits limits)
    : source_(std::move(source)), limits_(limits) {}

absl::StatusOr<Image> Pictures::Get(const std::string& name) const {
  std::shared_ptr<const Image> cached;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = cache_.find(name); found != cache_.end()) {
      cached = found->second;
    }
  }
  if (cached) {
    return *cached;
  }
  ASSIGN_OR_RETURN(Image image, Decode(name));
  const int64_t bytes = std::ssize(image.rgb);
  const std::lock_guard lock(mutex_);
  if (cached_bytes_ + bytes <= limits_.cache_bytes &&
      cache_.emplace(name, std::make_shared<const Image>(image)).second) {
    cached_bytes_ += bytes;
  }
  return image;
}

absl::StatusOr<Image> Pictures::Decode(const std::string& name) const {
  ASSIGN_OR_RETURN(const std::string bytes, source_->Read(name));
  absl::StatusOr<Image> image = DecodeImage(bytes, limits_.max_pixels);
  if (!image.ok()) {
    return absl::Status(image.status().code(),
                        absl::StrCat("'", name, "' is ", image.status().message()));
  }
  return Shrunk(*std::move(image), limits_.height, limits_.width);
}

}  // namespace tessera
