#include "data/image/png_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "data/image/byte_reader.h"
#include "data/image/decoders.h"
#include "ops/crc.h"

namespace tessera {
namespace {

using std::string_literals::operator""s;

constexpr char kSignature[] = "\x89PNG\r\n\x1a\n";
constexpr size_t kSignatureSize = 8, kHeaderEnd = 33;  // the chunk IHDR has 13 bytes of data
constexpr size_t kFrame = 12;                          // a chunk's length, name and checksum

std::string BigEndian(uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(number >> shift & 255));
  }
  return bytes;
}

std::string ChunkOf(const PngText& text) {
  // Key, no compression and its method, no language, no translated key, text.
  const std::string data = absl::StrCat("iTXt", text.key, "\0\0\0\0\0"s, text.text);
  return absl::StrCat(BigEndian(static_cast<uint32_t>(data.size() - 4)), data,
                      BigEndian(Crc<kCrc32>(data)));
}

// Takes the part before the first zero byte, and that byte, from the front of *data.
std::string_view TakeWord(std::string_view* data) {
  const std::string_view word = data->substr(0, data->find('\0'));
  data->remove_prefix(std::min(word.size() + 1, data->size()));
  return word;
}

// Adds the text of a chunk, unless it is another kind of chunk or compressed.
void AddText(std::string_view name, std::string_view data, std::vector<PngText>* texts) {
  if (name != "tEXt" && name != "iTXt") {
    return;
  }
  const std::string key(TakeWord(&data));
  if (name == "iTXt") {
    if (data.size() < 2 || data[0] != 0) {
      return;
    }
    data.remove_prefix(2);
    TakeWord(&data);
    TakeWord(&data);
  }
  texts->push_back({key, std::string(data)});
}

}  // namespace

std::string WithTexts(std::string_view png, const std::vector<PngText>& texts) {
  std::string bytes(png.substr(0, kHeaderEnd));
  for (const PngText& text : texts) {
    bytes += ChunkOf(text);
  }
  return bytes.append(png.substr(std::min(kHeaderEnd, png.size())));
}

absl::StatusOr<std::vector<PngText>> ReadTexts(std::string_view png) {
  if (!png.starts_with(std::string_view(kSignature, kSignatureSize))) {
    return absl::InvalidArgumentError("no PNG");
  }
  std::vector<PngText> texts;
  std::string_view name;
  for (size_t at = kSignatureSize; name != "IEND";) {
    const auto length =
        static_cast<size_t>(ByteReader(png, /*big_endian=*/true).Long(static_cast<int64_t>(at)));
    if (png.size() - at < kFrame || png.size() - at - kFrame < length) {
      return Truncated("PNG");
    }
    name = png.substr(at + 4, 4);
    const auto checksum = static_cast<uint32_t>(
        ByteReader(png, /*big_endian=*/true).Long(static_cast<int64_t>(at + 8 + length)));
    if (Crc<kCrc32>(png.substr(at + 4, length + 4)) != checksum) {
      return Damaged("PNG", std::string(name) + ": CRC error");
    }
    AddText(name, png.substr(at + 8, length), &texts);
    at += kFrame + length;
  }
  return texts;
}

}  // namespace tessera
