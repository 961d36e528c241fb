// The decoders of the picture formats: one file for each, which alone includes its library.
//
// The rule of all: the header decides what is decoded. What its own words promise comes out as
// pixels of 8-bit RGB, laid over white; another variant is refused by its name; and whatever the
// library warns of while it reads pixels is damage. Libraries write nothing to the terminal.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/image/image.h"

namespace tessera {

enum class ImageFormat { kPng, kJpeg, kWebp, kBmp, kTiff };

// The format that the bytes begin as; a format that is not read is an error, which names it.
absl::StatusOr<ImageFormat> FormatOf(std::string_view bytes);

struct StoredImage {
  Image image;              // its rows stand as they do in the file
  int64_t orientation = 1;  // EXIF and TIFF tag 274: 1 to 8, 1 is upright
};

// The bytes begin as FormatOf says. A picture of more pixels is refused before any is touched.
absl::StatusOr<StoredImage> DecodePng(std::string_view bytes, int64_t max_pixels);
absl::StatusOr<StoredImage> DecodeJpeg(std::string_view bytes, int64_t max_pixels);
absl::StatusOr<StoredImage> DecodeWebp(std::string_view bytes, int64_t max_pixels);
absl::StatusOr<StoredImage> DecodeBmp(std::string_view bytes, int64_t max_pixels);
absl::StatusOr<StoredImage> DecodeTiff(std::string_view bytes, int64_t max_pixels);

// What the decoders share: their sentences, and the white picture that they draw into.

// "a GIF, which is not read; save it as ..."
absl::Status NotReadable(std::string_view what);
// "a truncated PNG"
absl::Status Truncated(std::string_view format);
// "a damaged PNG: IDAT: CRC error"
absl::Status Damaged(std::string_view format, std::string_view reason);

absl::StatusOr<Image> NewImage(int64_t height, int64_t width, int64_t max_pixels);

}  // namespace tessera
