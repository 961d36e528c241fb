// Numbers inside a block of bytes; reading past its end gives zeros and is remembered.
#pragma once

#include <cstdint>
#include <string_view>

namespace tessera {

class ByteReader {
 public:
  ByteReader(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  int64_t Byte(int64_t at) { return Number(at, 1); }
  int64_t Short(int64_t at) { return Number(at, 2); }
  int64_t Long(int64_t at) { return Number(at, 4); }

  // A number of at most 8 bytes; one that is negative as a signed number of 8 bytes lies past the
  // end wherever it is taken for a place.
  int64_t Number(int64_t at, int64_t width) {
    if (at < 0 || at > size() - width) {
      past_end_ = true;
      return 0;
    }
    uint64_t number = 0;
    for (int64_t i = 0; i < width; ++i) {
      const int64_t from = at + (big_endian_ ? i : width - 1 - i);
      number = number << 8 | static_cast<unsigned char>(bytes_[static_cast<size_t>(from)]);
    }
    return static_cast<int64_t>(number);
  }

  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  bool past_end() const { return past_end_; }

 private:
  std::string_view bytes_;
  bool big_endian_;
  bool past_end_ = false;
};

}  // namespace tessera
