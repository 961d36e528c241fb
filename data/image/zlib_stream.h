// Deflated data: what it holds, and whether it is whole, which its readers may not ask.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tessera {

// The stream ends within the bytes, gives no more than max_size, and its checksum (Adler-32) is
// right.
bool IsWholeZlibStream(std::string_view bytes, size_t max_size);

// What a deflated stream without header and checksum, as in a zip, holds: at most max_size bytes,
// and fewer if the stream is damaged.
std::string Inflate(std::string_view bytes, size_t max_size);

}  // namespace tessera
