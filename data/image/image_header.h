// What a picture file says about itself, read from its bytes before any decoder sees them: decoders
// print to the terminal, allocate what a header claims, or return half a picture as a whole one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tessera {

enum class ImageFormat { kPng, kJpeg, kWebp, kBmp, kTiff };
constexpr auto EnumNames(ImageFormat) { return std::array{"PNG", "JPEG", "WebP", "BMP", "TIFF"}; }

struct ImageHeader {
  ImageFormat format = ImageFormat::kPng;
  int64_t height = 0;  // as stored, before the orientation is applied
  int64_t width = 0;
  int64_t orientation = 1;  // EXIF and TIFF tag 274: 1 to 8, 1 is upright
};

// An error for what is no picture (another format is named), for truncated data, and for variants
// that the decoders cannot read.
absl::StatusOr<ImageHeader> ReadImageHeader(std::string_view bytes);

// The bytes of the picture without what decoders stumble over: a PNG's colour profiles and comments
// (libpng complains about many), and a TIFF's orientation (OpenCV's versions differ in applying
// it).
std::string PlainForDecoder(std::string_view bytes, ImageFormat format);

}  // namespace tessera
