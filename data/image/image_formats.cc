#include "data/image/image_formats.h"

#include <array>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/byte_reader.h"

namespace tessera {

using std::string_view_literals::operator""sv;

absl::Status NotReadable(std::string_view what) {
  return absl::UnimplementedError(absl::StrCat(
      std::string(what), ", which is not read; save it as PNG, JPEG, WebP, BMP or TIFF"));
}

namespace {

absl::Status Truncated(std::string_view name) {
  return absl::DataLossError(absl::StrCat("a truncated ", std::string(name)));
}

// CRC-32 of PNG (ISO 3309), a table entry a byte.
uint32_t Crc32(std::string_view bytes) {
  constexpr uint32_t kPolynomial = 0xEDB88320;
  static const auto kTable = [] {
    std::array<uint32_t, 256> table;
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) {
        crc = (crc >> 1) ^ (crc & 1 ? kPolynomial : 0);
      }
      table[i] = crc;
    }
    return table;
  }();
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return ~crc;
}

// Where the entropy-coded data that begins at `at` ends: at a marker that is no stuffed zero and no
// restart.
int64_t EndOfScan(std::string_view bytes, int64_t at) {
  size_t i = bytes.find('\xFF', static_cast<size_t>(at));
  while (i < bytes.size() - 1) {
    const int marker = static_cast<unsigned char>(bytes[i + 1]);
    if (marker != 0 && marker != 0xFF && (marker < 0xD0 || marker > 0xD7)) {
      return static_cast<int64_t>(i);
    }
    i = bytes.find('\xFF', i + 1);
  }
  return std::ssize(bytes);
}

absl::Status ReadJpegFrame(ByteReader& reader, int64_t at, int64_t marker, ImageHeader& header) {
  if (marker != 0xC0 && marker != 0xC1 && marker != 0xC2) {
    return NotReadable("a lossless, hierarchical or arithmetically coded JPEG");
  }
  if (reader.Byte(at + 4) != 8) {
    return NotReadable("a JPEG of more than 8 bits");
  }
  header.height = reader.Short(at + 5);
  header.width = reader.Short(at + 7);
  return absl::OkStatus();
}

}  // namespace

// A chunk is: length, type, data, checksum of type and data.
absl::StatusOr<ImageHeader> ReadPngHeader(std::string_view bytes) {
  ByteReader reader(bytes, /*big_endian=*/true);
  ImageHeader header{
      .format = ImageFormat::kPng, .height = reader.Long(20), .width = reader.Long(16)};
  int64_t at = std::ssize(kPngSignature);
  while (true) {
    const int64_t length = reader.Long(at);
    const int64_t checksum = reader.Long(at + 8 + length);
    if (reader.past_end()) {
      return Truncated("PNG");
    }
    const std::string_view checked = bytes.substr(at + 4, 4 + length);
    const std::string_view type = checked.substr(0, 4);
    if (Crc32(checked) != checksum) {
      return absl::DataLossError("a damaged PNG: a checksum does not match");
    }
    if (type == "eXIf") {
      header.orientation = TiffOrientation(checked.substr(4));
    } else if (type == "IEND") {
      return header;
    }
    at += 12 + length;
  }
}

// A segment is: 0xFF, marker, length (2 bytes, counting itself), data.
absl::StatusOr<ImageHeader> ReadJpegHeader(std::string_view bytes) {
  constexpr int64_t kStartOfScan = 0xDA, kEndOfImage = 0xD9, kApp1 = 0xE1;
  constexpr auto kExif = "Exif\0\0"sv;
  ByteReader reader(bytes, /*big_endian=*/true);
  ImageHeader header{.format = ImageFormat::kJpeg};
  int64_t at = 2;
  while (!reader.past_end()) {
    if (reader.Byte(at) == 0xFF && reader.Byte(at + 1) == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    const int64_t marker = reader.Byte(at + 1);
    if (marker == kEndOfImage) {
      return header;
    }
    const int64_t length = reader.Short(at + 2);
    if (reader.past_end()) {
      break;
    }
    if (reader.Byte(at) != 0xFF || length < 2) {
      return absl::DataLossError("a damaged JPEG: a segment does not begin where it should");
    }
    const std::string_view data = bytes.substr(at + 4, length - 2);
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
      RETURN_IF_ERROR(ReadJpegFrame(reader, at, marker, header));
    } else if (marker == kApp1 && data.starts_with(kExif)) {
      header.orientation = TiffOrientation(data.substr(kExif.size()));
    }
    at += 2 + length;
    if (marker == kStartOfScan) {
      at = EndOfScan(bytes, at);
    }
  }
  return Truncated("JPEG");
}

// RIFF: "RIFF", size, "WEBP", then chunks of: type, size, data, padding to an even size.
absl::StatusOr<ImageHeader> ReadWebpHeader(std::string_view bytes) {
  ByteReader reader(bytes, /*big_endian=*/false);
  ImageHeader header{.format = ImageFormat::kWebp};
  const int64_t end = 8 + reader.Long(4);
  for (int64_t at = 12; at < end && !reader.past_end();) {
    const std::string_view type = bytes.substr(at, 4);
    const int64_t length = reader.Long(at + 4), data = at + 8;
    if (reader.past_end() || data + length > reader.size()) {
      return Truncated("WebP");
    }
    if (type == "VP8X") {
      if (reader.Byte(data) & 2) {
        return NotReadable("an animated WebP");
      }
      header.width = reader.Triple(data + 4) + 1;
      header.height = reader.Triple(data + 7) + 1;
    } else if (type == "VP8 " && header.width == 0) {
      header.width = reader.Short(data + 6) & 0x3FFF;
      header.height = reader.Short(data + 8) & 0x3FFF;
    } else if (type == "VP8L" && header.width == 0) {
      const int64_t bits = reader.Long(data + 1);
      header.width = (bits & 0x3FFF) + 1;
      header.height = (bits >> 14 & 0x3FFF) + 1;
    } else if (type == "EXIF") {
      header.orientation = TiffOrientation(bytes.substr(data, length));
    }
    at = data + length + length % 2;
  }
  if (reader.past_end() || end > reader.size()) {
    return Truncated("WebP");
  }
  return header;
}

absl::StatusOr<ImageHeader> ReadBmpHeader(std::string_view bytes) {
  ByteReader reader(bytes, /*big_endian=*/false);
  const auto signed_long = [&](int64_t at) {
    return int64_t{static_cast<int32_t>(reader.Long(at))};
  };
  ImageHeader header{.format = ImageFormat::kBmp};
  const bool is_core = reader.Long(14) == 12;  // the header of OS/2
  header.width = is_core ? reader.Short(18) : signed_long(18);
  header.height =
      is_core ? reader.Short(20) : std::abs(signed_long(22));  // negative: top row first
  const int64_t bits = is_core ? reader.Short(24) : reader.Short(28);
  const int64_t compression = is_core ? 0 : reader.Long(30);
  const bool run_lengths = compression == 1 || compression == 2;
  const int64_t pixel_bytes =
      run_lengths ? reader.Long(34) : (header.width * bits + 31) / 32 * 4 * header.height;
  if (reader.past_end() || reader.Long(10) + pixel_bytes > reader.size()) {
    return Truncated("BMP");
  }
  return header;
}

}  // namespace tessera
