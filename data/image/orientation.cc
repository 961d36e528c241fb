#include "data/image/orientation.h"

#include <algorithm>

#include "data/image/byte_reader.h"

namespace tessera {
namespace {

using std::string_view_literals::operator""sv;

constexpr int64_t kOrientationTag = 274;

// The bytes of one number by its type (TIFF 6.0 section 2, and BigTIFF); 0 for what is no whole
// number of at least 2 bytes.
int64_t WidthOf(int64_t type) {
  switch (type) {
    case 3:  // SHORT
    case 8:  // SSHORT
      return 2;
    case 4:   // LONG
    case 9:   // SLONG
    case 13:  // IFD
      return 4;
    case 16:  // LONG8
      return 8;
  }
  return 0;
}

// The attribute or element `tiff:Orientation` of an XMP packet.
std::optional<int64_t> XmpOrientation(std::string_view xmp) {
  constexpr auto kName = "tiff:Orientation"sv;
  for (size_t at = xmp.find(kName); at != xmp.npos; at = xmp.find(kName, at + 1)) {
    std::string_view rest = xmp.substr(at + kName.size());
    const size_t skipped = rest.starts_with("=\"") ? 2 : rest.starts_with(">") ? 1 : rest.size();
    rest.remove_prefix(skipped);
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
      return rest[0] - '0';
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> FindTiffTag(std::string_view bytes, int64_t tag) {
  constexpr auto kExif = "Exif\0\0"sv;
  while (bytes.starts_with(kExif)) {
    bytes.remove_prefix(kExif.size());
  }
  if (!bytes.starts_with("II") && !bytes.starts_with("MM")) {
    return std::nullopt;
  }
  ByteReader reader(bytes, /*big_endian=*/bytes[0] == 'M');
  const bool is_big = reader.Short(2) == 43;
  const int64_t place = is_big ? 8 : 4;  // the width of counts and offsets
  const int64_t directory = reader.Number(place, place);
  const int64_t num_entries = reader.Number(directory, is_big ? 8 : 2);
  for (int64_t i = 0; i < num_entries && !reader.past_end(); ++i) {
    const int64_t at = directory + (is_big ? 8 + 20 * i : 2 + 12 * i);
    const int64_t width = WidthOf(reader.Short(at + 2));
    const int64_t count = reader.Number(at + 4, place);
    if (reader.Short(at) == tag) {
      const int64_t value = at + 4 + place;
      const bool fits = count <= place / std::max<int64_t>(width, 1);
      const int64_t number = reader.Number(fits ? value : reader.Number(value, place), width);
      return width == 0 || count < 1 || reader.past_end() ? std::nullopt : std::optional(number);
    }
  }
  return std::nullopt;
}

int64_t OrientationOf(std::string_view exif, std::string_view xmp) {
  const int64_t found =
      FindTiffTag(exif, kOrientationTag).value_or(XmpOrientation(xmp).value_or(1));
  return found >= 1 && found <= 8 ? found : 1;
}

}  // namespace tessera
