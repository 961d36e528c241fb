#include "data/image/zlib_stream.h"

#include <zlib.h>

#include <array>

namespace tessera {

bool IsWholeZlibStream(std::string_view bytes, size_t max_size) {
  std::array<unsigned char, 1 << 15> scratch;
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) {
    return false;
  }
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  int status = Z_OK;
  while (status == Z_OK && stream.total_out <= max_size) {
    stream.next_out = scratch.data();
    stream.avail_out = scratch.size();
    status = inflate(&stream, Z_NO_FLUSH);
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && stream.total_out <= max_size;
}

std::string Inflate(std::string_view bytes, size_t max_size) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    return "";
  }
  std::string inflated(max_size, '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = reinterpret_cast<unsigned char*>(inflated.data());
  stream.avail_out = static_cast<unsigned>(max_size);
  const int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  inflated.resize(status == Z_STREAM_END ? stream.total_out : 0);
  return inflated;
}

}  // namespace tessera
