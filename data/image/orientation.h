// How a picture is to be turned, by the blocks of EXIF and XMP that lie in its file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tessera {

// The first number of a tag in the first directory of a TIFF file, a BigTIFF or an EXIF block, if
// it is a whole number of at least 2 bytes. `Exif\0\0`, which some programs write before EXIF
// outside of JPEG too, is passed over.
std::optional<int64_t> FindTiffTag(std::string_view bytes, int64_t tag);

// 1 to 8, upright if nothing sensible is said. XMP counts where EXIF has no tag of orientation.
int64_t OrientationOf(std::string_view exif, std::string_view xmp);

}  // namespace tessera
