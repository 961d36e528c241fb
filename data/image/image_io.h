// Bytes <-> 8-bit RGB pictures, and pictures of another size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "data/image/image.h"

namespace tessera {

// PNG, JPEG, WebP, BMP or TIFF, by content and not by name. Grey and palette become RGB, alpha is
// composited over white, 16 bits become 8, the EXIF orientation is applied; of several frames the
// first counts. Truncated data is an error, never half a picture. A picture with more than
// max_pixels is refused before its pixels are touched.
absl::StatusOr<Image> DecodeImage(std::string_view bytes, int64_t max_pixels = 64'000'000);

std::string EncodePng(const Image& image);
std::string EncodeJpeg(const Image& image, int quality = 90);

// Each axis that shrinks is averaged over areas, each that grows is interpolated by cubics; an
// equal size is an exact copy.
Image Resize(const Image& image, int64_t height, int64_t width);

// cover: the middle of the picture at the target's aspect; contain: all of it, centred on white;
// stretch: all of it, distorted.
Image FitTo(const Image& image, int64_t height, int64_t width, Fit fit);

// Pictures in rows of `columns`, `margin` white pixels around each, every pixel `scale` times
// larger.
Image ContactSheet(const std::vector<Image>& images, int64_t columns, int64_t margin,
                   int64_t scale);

}  // namespace tessera
