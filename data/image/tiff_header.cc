// The first directory of a TIFF file or an EXIF block.
#include <algorithm>
#include <functional>

#include "data/image/byte_reader.h"
#include "data/image/image_formats.h"

namespace tessera {
namespace {

// Tags of TIFF 6.0, section 8.
enum Tag {
  kWidth = 256,
  kHeight = 257,
  kStripOffsets = 273,
  kOrientation = 274,
  kStripSizes = 279,
  kTileOffsets = 324,
  kTileSizes = 325,
  kSampleFormat = 339,
};
constexpr int64_t kFloatSamples = 3;

bool IsBigEndian(std::string_view bytes) { return bytes.starts_with("MM"); }

// A list of numbers of 2 (type 3) or 4 bytes, which stands in the entry itself if it fits there.
struct Entry {
  int64_t tag = 0, type = 0, count = 0;
  int64_t at = 0;

  int64_t Get(ByteReader& reader, int64_t i) const {
    return type == 3 ? reader.Short(at + 2 * i) : reader.Long(at + 4 * i);
  }
};

void ForEachEntry(ByteReader& reader, const std::function<void(const Entry&)>& visit) {
  const int64_t directory = reader.Long(4);
  const int64_t num_entries = reader.Short(directory);
  for (int64_t i = 0; i < num_entries && !reader.past_end(); ++i) {
    const int64_t at = directory + 2 + 12 * i;
    Entry entry = {reader.Short(at), reader.Short(at + 2), reader.Long(at + 4), at + 8};
    const int64_t width = entry.type == 3 ? 2 : 4;
    if (entry.count * width > 4) {
      entry.at = reader.Long(at + 8);
    }
    visit(entry);
  }
}

// The end of the last strip or tile, and whether the lists that tell it are themselves in the file.
int64_t EndOfPixels(ByteReader& reader, const Entry& offsets, const Entry& sizes) {
  int64_t end = 0;
  for (int64_t i = 0; i < offsets.count && i < sizes.count && !reader.past_end(); ++i) {
    end = std::max(end, offsets.Get(reader, i) + sizes.Get(reader, i));
  }
  return end;
}

}  // namespace

absl::StatusOr<ImageHeader> ReadTiffHeader(std::string_view bytes) {
  ByteReader reader(bytes, IsBigEndian(bytes));
  if (reader.Short(2) == 43) {
    return NotReadable("a BigTIFF");
  }
  ImageHeader header{.format = ImageFormat::kTiff, .orientation = TiffOrientation(bytes)};
  Entry offsets, sizes;
  bool is_float = false;
  ForEachEntry(reader, [&](const Entry& entry) {
    switch (entry.tag) {
      case kWidth:
        header.width = entry.Get(reader, 0);
        break;
      case kHeight:
        header.height = entry.Get(reader, 0);
        break;
      case kStripOffsets:
      case kTileOffsets:
        offsets = entry;
        break;
      case kStripSizes:
      case kTileSizes:
        sizes = entry;
        break;
      case kSampleFormat:
        is_float = entry.Get(reader, 0) == kFloatSamples;
        break;
    }
  });
  if (EndOfPixels(reader, offsets, sizes) > reader.size() || reader.past_end()) {
    return absl::DataLossError("a truncated TIFF");
  }
  if (is_float) {
    return NotReadable("a TIFF of floating-point pixels");
  }
  return header;
}

int64_t TiffOrientation(std::string_view bytes, int64_t* at) {
  int64_t orientation = 1, found_at = -1;
  if (bytes.starts_with("II*") || bytes.starts_with("MM")) {
    ByteReader reader(bytes, IsBigEndian(bytes));
    ForEachEntry(reader, [&](const Entry& entry) {
      if (entry.tag == kOrientation && entry.type == 3) {
        orientation = entry.Get(reader, 0);
        found_at = entry.at;
      }
    });
  }
  if (at != nullptr) {
    *at = found_at;
  }
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

}  // namespace tessera
