#include "data/image/decoders.h"

#include "absl/strings/str_cat.h"
#include "data/image/byte_reader.h"

namespace tessera {
namespace {

using std::string_view_literals::operator""sv;

constexpr int64_t kLongestSide = 1 << 20;  // OpenCV, which resizes, takes no more

struct Magic {
  size_t at;
  std::string_view bytes;
  std::string_view name;
};
constexpr Magic kOtherFormats[] = {
    {0, "GIF8"sv, "a GIF"},
    {4, "ftypavi"sv, "an AVIF"},
    {4, "ftyphe"sv, "an HEIC"},
    {4, "ftypmif1"sv, "an HEIF"},
    {4, "ftypmsf1"sv, "an HEIF of several pictures"},
    {4, "ftyp"sv, "a video"},
    {0, "8BPS"sv, "a Photoshop file"},
    {0, "\0\0\0\x0CjP  "sv, "a JPEG 2000"},
    {0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000"},
    {0, "\0\0\0\x0CJXL "sv, "a JPEG XL"},
    {0, "\xFF\x0A"sv, "a JPEG XL"},
    {0, "\0\0\1\0"sv, "an icon (ICO)"},
    {0, "\x76\x2F\x31\x01"sv, "an OpenEXR"},
    {0, "#?RADIANCE"sv, "a Radiance HDR"},
    {0, "qoif"sv, "a QOI"},
    {0, "DDS "sv, "a DDS"},
    {0, "%PDF"sv, "a PDF"},
    {0, "\x1F\x8B"sv, "a gzip archive"},
    {0, "PK\3\4"sv, "a zip archive"},
};

absl::Status NameOtherFormat(std::string_view bytes) {
  for (const Magic& magic : kOtherFormats) {
    if (bytes.size() > magic.at && bytes.substr(magic.at).starts_with(magic.bytes)) {
      return NotReadable(magic.name);
    }
  }
  if (bytes.starts_with("version https://git-lfs")) {
    return absl::InvalidArgumentError(
        "a Git LFS pointer that stands for a picture; fetch the picture with `git lfs pull`");
  }
  const std::string_view head = bytes.substr(0, 1024);
  if (head.find("<svg") != head.npos) {
    return NotReadable("an SVG");
  }
  if (head.find("<html") != head.npos || head.find("<!DOCTYPE html") != head.npos) {
    return NotReadable("a web page");
  }
  if (head.find("<?xml") != head.npos) {
    return NotReadable("an XML text, such as a server's error");
  }
  if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
      (bytes[2] == '\n' || bytes[2] == ' ')) {
    return NotReadable("a PNM");
  }
  return absl::InvalidArgumentError("not a picture: no picture format begins with these bytes");
}

// Texts begin with "BM" too, so the size of the second header, at most 124, is looked at.
bool IsBmp(std::string_view bytes) {
  const int64_t header_size = ByteReader(bytes, /*big_endian=*/false).Long(14);
  return bytes.starts_with("BM") &&
         (bytes.size() < 18 || (header_size >= 12 && header_size <= 124));
}

}  // namespace

absl::StatusOr<ImageFormat> FormatOf(std::string_view bytes) {
  if (bytes.empty()) {
    return absl::DataLossError("an empty file");
  }
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) {
    return ImageFormat::kPng;
  }
  if (bytes.starts_with("\xFF\xD8"sv)) {
    return ImageFormat::kJpeg;
  }
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) {
    return ImageFormat::kWebp;
  }
  if (IsBmp(bytes)) {
    return ImageFormat::kBmp;
  }
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {
    if (bytes.starts_with(magic)) {
      return ImageFormat::kTiff;
    }
  }
  return NameOtherFormat(bytes);
}

absl::Status NotReadable(std::string_view what) {
  return absl::UnimplementedError(absl::StrCat(
      std::string(what), ", which is not read; save it as PNG, JPEG, WebP, BMP or TIFF"));
}

absl::Status Truncated(std::string_view format) {
  return absl::DataLossError(absl::StrCat("a truncated ", std::string(format)));
}

absl::Status Damaged(std::string_view format, std::string_view reason) {
  return absl::DataLossError(
      absl::StrCat("a damaged ", std::string(format), ": ", std::string(reason)));
}

absl::StatusOr<Image> NewImage(int64_t height, int64_t width, int64_t max_pixels) {
  if (height <= 0 || width <= 0) {
    return absl::DataLossError("a picture of no pixels");
  }
  if (height > kLongestSide || width > kLongestSide || height * width > max_pixels) {
    return absl::OutOfRangeError(absl::StrCat("a picture of ", height, " x ", width,
                                              " pixels, more than data.max_pixels = ", max_pixels));
  }
  return Image{height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3), 255)};
}

}  // namespace tessera
