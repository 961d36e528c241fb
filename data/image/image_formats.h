// The header of each picture format, read from the whole file's bytes. Each reader walks the file's
// structure to its end, so that truncated data is found without decoding.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/image/image_header.h"

namespace tessera {

inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

// The bytes begin as the format's magic number says.
absl::StatusOr<ImageHeader> ReadPngHeader(std::string_view bytes);
absl::StatusOr<ImageHeader> ReadJpegHeader(std::string_view bytes);
absl::StatusOr<ImageHeader> ReadWebpHeader(std::string_view bytes);
absl::StatusOr<ImageHeader> ReadBmpHeader(std::string_view bytes);
absl::StatusOr<ImageHeader> ReadTiffHeader(std::string_view bytes);

// Tag 274 of a TIFF file or an EXIF block, which have the same layout: 1 to 8; 1 if it says nothing
// or nonsense. `at`, if given, becomes where the number stands, -1 if nowhere.
int64_t TiffOrientation(std::string_view bytes, int64_t* at = nullptr);

// "a GIF, which is not read; save it as ..."
absl::Status NotReadable(std::string_view what);

}  // namespace tessera
