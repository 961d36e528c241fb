// Writers of PNG, TIFF and BMP for tests, of variants that no library writes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

// Numbers one behind the other, the lowest or the highest byte first.
class ByteWriter {
 public:
  explicit ByteWriter(bool big_endian = false) : big_endian_(big_endian) {}

  ByteWriter& Put(int64_t width, std::vector<int64_t> numbers) {
    for (const int64_t number : numbers) {
      for (int64_t i = 0; i < width; ++i) {
        bytes_ += static_cast<char>(number >> 8 * (big_endian_ ? width - 1 - i : i) & 0xFF);
      }
    }
    return *this;
  }
  ByteWriter& Put(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  bool big_endian_;
  std::string bytes_;
};

// Bits of samples, the highest first, in whole bytes.
inline std::string PackedRow(const std::vector<int>& samples, int bits) {
  std::string row((samples.size() * bits + 7) / 8, '\0');
  for (size_t bit = 0; bit < samples.size() * bits; ++bit) {
    const int value = samples[bit / bits] >> (bits - 1 - bit % bits) & 1;
    row[bit / 8] |= static_cast<char>(value << (7 - bit % 8));
  }
  return row;
}

inline uint32_t Crc32(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320 : 0);
    }
  }
  return ~crc;
}

inline std::string PngChunk(std::string_view name, std::string_view data) {
  const std::string checked = std::string(name) + std::string(data);
  return ByteWriter(true).Put(4, {std::ssize(data)}).Put(checked).Put(4, {Crc32(checked)}).bytes();
}

// A zlib stream that stores its bytes; at most 65,535.
inline std::string Stored(std::string_view data) {
  uint32_t a = 1, b = 0;  // Adler-32
  for (const char byte : data) {
    a = (a + static_cast<unsigned char>(byte)) % 65521;
    b = (b + a) % 65521;
  }
  return ByteWriter()
      .Put("\x78\x01\x01")
      .Put(2, {std::ssize(data), ~std::ssize(data)})
      .Put(data)
      .Put(1, {b >> 8, b, a >> 8, a})
      .bytes();
}

inline std::string PngHeader(int64_t width, int64_t height, int bits, int kind) {
  return "\x89PNG\r\n\x1a\n" +
         PngChunk("IHDR",
                  ByteWriter(true).Put(4, {width, height}).Put(1, {bits, kind, 0, 0, 0}).bytes());
}

// One row of grey, with the chunks before its pixels.
inline std::string GreyPng(const std::vector<int>& row, int bits, std::string_view chunks = "") {
  return PngHeader(std::ssize(row), 1, bits, /*grey*/ 0) + std::string(chunks) +
         PngChunk("IDAT", Stored('\0' + PackedRow(row, bits))) + PngChunk("IEND", "");
}

// An EXIF block with an orientation of the given TIFF type (3: SHORT, 4: LONG).
inline std::string Exif(int orientation, int type = 3) {
  return ByteWriter()
      .Put("II")
      .Put(2, {42})
      .Put(4, {8})
      .Put(2, {1, 274, type})
      .Put(4, {1, orientation, 0})
      .bytes();
}

// A TIFF of one directory; tags are written as SHORT or, if they do not fit, LONG.
struct TiffBytes {
  std::map<int, std::vector<int64_t>> tags;
  std::vector<std::string> blocks;  // strips or tiles
  bool big_endian = false;

  std::string bytes() const {
    ByteWriter file(big_endian), values(big_endian), directory(big_endian);
    file.Put(big_endian ? "MM" : "II").Put(2, {42});
    std::map<int, std::vector<int64_t>> all = tags;
    const bool tiled = tags.contains(322);
    int64_t at = 8;
    for (const std::string& block : blocks) {
      all[tiled ? 324 : 273].push_back(at);
      all[tiled ? 325 : 279].push_back(std::ssize(block));
      at += std::ssize(block);
    }
    const int64_t values_at = at + 2 + 12 * std::ssize(all) + 4;
    directory.Put(2, {std::ssize(all)});
    for (const auto& [tag, numbers] : all) {
      const int width = tag == 273 || tag == 324 || tag == 279 || tag == 325 ? 4 : 2;
      directory.Put(2, {tag, width == 4 ? 4 : 3}).Put(4, {std::ssize(numbers)});
      const std::string value = ByteWriter(big_endian).Put(width, numbers).bytes();
      if (value.size() <= 4) {
        directory.Put(value).Put(std::string(4 - value.size(), '\0'));
      } else {
        directory.Put(4, {values_at + std::ssize(values.bytes())});
        values.Put(value);
      }
    }
    file.Put(4, {at});
    for (const std::string& block : blocks) {
      file.Put(block);
    }
    return file.Put(directory.bytes()).Put(4, {0}).Put(values.bytes()).bytes();
  }
};

// A header of 52 bytes or more holds the masks, one of 40 is followed by them.
struct BmpHeaderBytes {
  int size = 40;
  std::vector<int64_t> masks = {};
  int compression = 3;  // where there are masks
};

// A BMP of one row of pixels.
inline std::string BmpBytes(int64_t width, int bits, std::string_view row,
                            const BmpHeaderBytes& head = {}) {
  ByteWriter header;
  header.Put(4, {head.size, width, 1}).Put(2, {1, bits});
  header.Put(4, {head.masks.empty() ? 0 : head.compression, 0, 0, 0, 0, 0}).Put(4, head.masks);
  std::string padded = header.bytes();
  padded.resize(std::max<size_t>(padded.size(), static_cast<size_t>(head.size)));
  const int64_t pixels_at = 14 + std::ssize(padded);
  const std::string row_padding((4 - row.size() % 4) % 4, '\0');
  return ByteWriter()
      .Put("BM")
      .Put(4, {pixels_at + std::ssize(row), 0, pixels_at})
      .Put(padded)
      .Put(row)
      .Put(row_padding)
      .bytes();
}

}  // namespace tessera
