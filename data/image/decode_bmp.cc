// BMP has no library of its own, and OpenCV reads masks and alpha wrongly. [MS-WMF] 2.2.2 and
// BITMAPV5HEADER describe the header.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/byte_reader.h"
#include "data/image/decoders.h"
#include "data/image/over_white.h"

namespace tessera {
namespace {

enum Compression { kNone = 0, kRle8 = 1, kRle4 = 2, kMasks = 3, kJpeg = 4, kPng = 5, kMasksA = 6 };

struct BmpHeader {
  int64_t height = 0, width = 0;
  bool top_row_first = false;
  int64_t bits = 0;  // of a pixel
  int64_t compression = kNone;
  std::array<uint32_t, 4> masks = {};  // red, green, blue, alpha; 0: there is none
  int64_t num_colours = 0, palette_at = 0, palette_entry = 4;
  int64_t pixels_at = 0;

  int64_t row_bytes() const { return (width * bits + 31) / 32 * 4; }
  bool has_run_lengths() const { return compression == kRle8 || compression == kRle4; }
};

// The masks stand in the header from its second version on, otherwise behind it.
void ReadMasks(ByteReader& reader, int64_t header_size, BmpHeader& header) {
  if (header.compression != kMasks && header.compression != kMasksA) {
    header.masks = header.bits == 16 ? std::array<uint32_t, 4>{0x7C00, 0x3E0, 0x1F, 0}
                                     : std::array<uint32_t, 4>{0xFF0000, 0xFF00, 0xFF, 0};
    return;
  }
  const bool has_alpha = header_size >= 56 || header.compression == kMasksA;
  for (int i = 0; i < (has_alpha ? 4 : 3); ++i) {
    header.masks[i] = static_cast<uint32_t>(reader.Long(54 + 4 * i));
  }
  if (header_size == 40) {
    header.palette_at += has_alpha ? 16 : 12;
  }
  if (header.bits == 32 && header.masks == std::array<uint32_t, 4>{}) {
    header.masks = {0xFF0000, 0xFF00, 0xFF, 0xFF000000};
  }
}

BmpHeader ReadHeader(ByteReader& reader) {
  const auto signed_long = [&](int64_t at) {
    return int64_t{static_cast<int32_t>(reader.Long(at))};
  };
  const int64_t header_size = reader.Long(14);
  const bool is_core = header_size == 12;  // the first header of OS/2
  BmpHeader header;
  header.palette_at = 14 + header_size;
  if (is_core) {
    header.width = reader.Short(18);
    header.height = reader.Short(20);
    header.bits = reader.Short(24);
    header.palette_entry = 3;
  } else {
    header.width = signed_long(18);
    header.height = std::abs(signed_long(22));
    header.top_row_first = signed_long(22) < 0;
    header.bits = reader.Short(28);
    header.compression = reader.Long(30);
    header.num_colours = reader.Long(46);
  }
  ReadMasks(reader, header_size, header);
  header.pixels_at = reader.Long(10);
  if (header.bits <= 8) {
    header.num_colours = header.num_colours == 0 ? 1 << header.bits : header.num_colours;
    // Some programs let the pixels begin where the palette does.
    if (header.pixels_at <= header.palette_at) {
      header.pixels_at = header.palette_at + header.palette_entry * header.num_colours;
    }
  }
  return header;
}

bool IsRun(uint32_t mask) {
  const uint32_t low = mask >> (mask == 0 ? 0 : std::countr_zero(mask));
  return (low & (low + 1)) == 0;
}

absl::Status CheckReadable(const BmpHeader& header, int64_t header_size) {
  constexpr std::array kSizes = {12, 40, 52, 56, 64, 108, 124};
  if (std::ranges::find(kSizes, header_size) == kSizes.end()) {
    return NotReadable(absl::StrCat("a BMP with a header of ", header_size, " bytes"));
  }
  if (header.compression == kJpeg || header.compression == kPng) {
    return NotReadable(header.compression == kJpeg ? "a BMP with a JPEG inside"
                                                   : "a BMP with a PNG inside");
  }
  const bool has_masks = header.compression == kMasks || header.compression == kMasksA;
  const bool is_direct = header.bits == 16 || header.bits == 24 || header.bits == 32;
  const bool is_indexed =
      header.bits == 1 || header.bits == 2 || header.bits == 4 || header.bits == 8;
  if (header.compression > kMasksA || (has_masks && (!is_direct || header_size == 64)) ||
      (header.compression == kRle8 && header.bits != 8) ||
      (header.compression == kRle4 && header.bits != 4)) {
    return NotReadable(
        absl::StrCat("a BMP of ", header.bits, " bits and compression ", header.compression));
  }
  if (!is_direct && !is_indexed) {
    return NotReadable(absl::StrCat("a BMP of ", header.bits, " bits"));
  }
  const auto& masks = header.masks;
  if (is_direct &&
      (!std::ranges::all_of(masks, IsRun) || masks[0] == 0 || masks[1] == 0 || masks[2] == 0)) {
    return NotReadable("a BMP with masks that are not of red, green and blue");
  }
  return absl::OkStatus();
}

// One channel of a pixel's number, brought to 8 bits.
class Channel {
 public:
  explicit Channel(uint32_t mask) : mask_(mask), shift_(mask == 0 ? 0 : std::countr_zero(mask)) {
    const int bits = std::popcount(mask);
    shift_ += std::max(bits - 8, 0);
    const int highest = (1 << std::min(bits, 8)) - 1;
    for (int i = 0; i <= highest; ++i) {
      to_8_bits_[i] = static_cast<uint8_t>(highest == 0 ? 255 : i * 255 / highest);
    }
  }
  uint8_t operator()(uint32_t pixel) const { return to_8_bits_[(pixel & mask_) >> shift_]; }

 private:
  uint32_t mask_;
  int shift_;
  std::array<uint8_t, 256> to_8_bits_ = {};
};

void DrawDirect(ByteReader& reader, const BmpHeader& header, Image& image) {
  const std::array channels = {Channel(header.masks[0]), Channel(header.masks[1]),
                               Channel(header.masks[2])};
  const Channel alpha(header.masks[3]);  // opaque if there is none
  const int64_t bytes = header.bits / 8;
  for (int64_t y = 0; y < header.height; ++y) {
    const int64_t row = header.top_row_first ? y : header.height - 1 - y;
    for (int64_t x = 0; x < header.width; ++x) {
      const auto pixel = static_cast<uint32_t>(
          reader.Number(header.pixels_at + row * header.row_bytes() + x * bytes, bytes));
      uint8_t* const rgb = &image.rgb[(y * header.width + x) * 3];
      for (int c = 0; c < 3; ++c) {
        rgb[c] = OverWhite(channels[c](pixel), alpha(pixel));
      }
    }
  }
}

using Indices = std::vector<uint8_t>;  // rows in the order of the file

Indices ReadIndices(ByteReader& reader, const BmpHeader& header) {
  Indices indices(static_cast<size_t>(header.height * header.width));
  for (int64_t i = 0; i < std::ssize(indices); ++i) {
    const int64_t row = i / header.width, bit = i % header.width * header.bits;
    const int64_t byte = reader.Byte(header.pixels_at + row * header.row_bytes() + bit / 8);
    indices[i] =
        static_cast<uint8_t>(byte >> (8 - header.bits - bit % 8) & ((1 << header.bits) - 1));
  }
  return indices;
}

// Pairs of bytes: a count and a value, or 0 and: 0, the row ends; 1, the picture ends; 2, a step
// by two bytes; else as many values as they stand, padded to an even number of bytes. Values of
// 4 bits come two a byte, the upper first. What a step leaves out has the index 0.
absl::StatusOr<Indices> ReadRunLengths(ByteReader& reader, const BmpHeader& header) {
  const int64_t per_byte = 8 / header.bits, mask = (1 << header.bits) - 1;
  Indices indices(static_cast<size_t>(header.height * header.width));
  int64_t at = header.pixels_at, x = 0, y = 0;
  const auto value = [&](int64_t from, int64_t i) {
    return reader.Byte(from + i / per_byte) >> (per_byte - 1 - i % per_byte) * header.bits & mask;
  };
  while (y < header.height) {
    const int64_t count = reader.Byte(at), code = reader.Byte(at + 1);
    at += 2;
    if (reader.past_end()) {
      return Truncated("BMP");
    }
    if (count == 0 && code == 0) {
      x = 0;
      ++y;
    } else if (count == 0 && code == 1) {
      break;
    } else if (count == 0 && code == 2) {
      x += reader.Byte(at);
      y += reader.Byte(at + 1);
      at += 2;
    } else {
      const int64_t length = count == 0 ? code : count;
      if (x + length > header.width) {
        return Damaged("BMP", "a run is longer than its row");
      }
      for (int64_t i = 0; i < length; ++i) {
        const int64_t found = count == 0 ? value(at, i) : value(at - 1, i % per_byte);
        indices[y * header.width + x + i] = static_cast<uint8_t>(found);
      }
      x += length;
      at += count == 0 ? ((length + per_byte - 1) / per_byte + 1) / 2 * 2 : 0;
    }
  }
  if (y < header.height - 1 || (y == header.height - 1 && x < header.width)) {
    return Damaged("BMP", "it ends before its last row");
  }
  return indices;
}

// A colour that the palette lacks is black, as it is in PNG.
void DrawIndexed(ByteReader& reader, const BmpHeader& header, const Indices& indices,
                 Image& image) {
  std::array<std::array<uint8_t, 3>, 256> palette = {};
  for (int64_t i = 0; i < std::min<int64_t>(header.num_colours, 256); ++i) {
    for (int64_t c = 0; c < 3; ++c) {  // stored as blue, green, red
      const int64_t at = header.palette_at + i * header.palette_entry + 2 - c;
      palette[i][c] = static_cast<uint8_t>(reader.Byte(at));
    }
  }
  for (int64_t y = 0; y < header.height; ++y) {
    const int64_t row = header.top_row_first ? y : header.height - 1 - y;
    for (int64_t x = 0; x < header.width; ++x) {
      const auto& colour = palette[indices[row * header.width + x]];
      std::ranges::copy(colour, &image.rgb[(y * header.width + x) * 3]);
    }
  }
}

}  // namespace

absl::StatusOr<StoredImage> DecodeBmp(std::string_view bytes, int64_t max_pixels) {
  ByteReader reader(bytes, /*big_endian=*/false);
  const BmpHeader header = ReadHeader(reader);
  if (reader.past_end()) {
    return Truncated("BMP");
  }
  RETURN_IF_ERROR(CheckReadable(header, reader.Long(14)));
  ASSIGN_OR_RETURN(Image image, NewImage(header.height, header.width, max_pixels));
  if (!header.has_run_lengths() &&
      header.pixels_at + header.height * header.row_bytes() > reader.size()) {
    return Truncated("BMP");
  }
  if (header.bits > 8) {
    DrawDirect(reader, header, image);
  } else if (header.has_run_lengths()) {
    ASSIGN_OR_RETURN(const Indices indices, ReadRunLengths(reader, header));
    DrawIndexed(reader, header, indices, image);
  } else {
    DrawIndexed(reader, header, ReadIndices(reader, header), image);
  }
  return StoredImage{std::move(image)};
}

}  // namespace tessera
