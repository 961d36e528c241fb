#include "data/image/image_header.h"

#include "config/status.h"
#include "data/image/byte_reader.h"
#include "data/image/image_formats.h"

namespace tessera {
namespace {

using std::string_view_literals::operator""sv;

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
  const std::string_view head = bytes.substr(0, 1024);
  if (head.find("<svg") != head.npos) {
    return NotReadable("an SVG");
  }
  if (head.find("<html") != head.npos || head.find("<!DOCTYPE html") != head.npos) {
    return NotReadable("a web page");
  }
  if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
      (bytes[2] == '\n' || bytes[2] == ' ')) {
    return NotReadable("a PNM");
  }
  return absl::InvalidArgumentError("not a picture: no picture format begins with these bytes");
}

absl::StatusOr<ImageHeader> ReadHeaderByFormat(std::string_view bytes) {
  if (bytes.starts_with(kPngSignature)) {
    return ReadPngHeader(bytes);
  }
  if (bytes.starts_with("\xFF\xD8"sv)) {
    return ReadJpegHeader(bytes);
  }
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) {
    return ReadWebpHeader(bytes);
  }
  if (bytes.starts_with("BM")) {
    return ReadBmpHeader(bytes);
  }
  if (bytes.starts_with("II*\0"sv) || bytes.starts_with("MM\0*"sv) ||
      bytes.starts_with("II+\0"sv) || bytes.starts_with("MM\0+"sv)) {
    return ReadTiffHeader(bytes);
  }
  return NameOtherFormat(bytes);
}

}  // namespace

absl::StatusOr<ImageHeader> ReadImageHeader(std::string_view bytes) {
  if (bytes.empty()) {
    return absl::DataLossError("an empty file");
  }
  ASSIGN_OR_RETURN(const ImageHeader header, ReadHeaderByFormat(bytes));
  if (header.height <= 0 || header.width <= 0) {
    return absl::DataLossError("a picture of no pixels");
  }
  return header;
}

std::string PlainForDecoder(std::string_view bytes, ImageFormat format) {
  std::string plain;
  if (format == ImageFormat::kPng) {
    plain = kPngSignature;
    ByteReader reader(bytes, /*big_endian=*/true);
    for (int64_t at = std::ssize(kPngSignature); at < reader.size();) {
      const int64_t length = 12 + reader.Long(at);
      const std::string_view type = bytes.substr(at + 4, 4);
      // An upper-case first letter marks the chunks without which the picture is not the same.
      if ((type[0] & 0x20) == 0 || type == "tRNS") {
        plain += bytes.substr(at, length);
      }
      at = type == "IEND" ? reader.size() : at + length;
    }
    return plain;
  }
  plain = bytes;
  int64_t orientation_at = -1;
  if (format == ImageFormat::kTiff && TiffOrientation(bytes, &orientation_at) != 1) {
    const bool big_endian = bytes.starts_with("MM");
    plain[static_cast<size_t>(orientation_at)] = big_endian ? 0 : 1;
    plain[static_cast<size_t>(orientation_at) + 1] = big_endian ? 1 : 0;
  }
  return plain;
}

}  // namespace tessera
