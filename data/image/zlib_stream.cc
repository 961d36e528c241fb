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

}  // namespace tessera
