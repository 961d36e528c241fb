// Whether deflated data is whole, which its readers may not ask.
#pragma once

#include <cstddef>
#include <string_view>

namespace tessera {

// The stream ends within the bytes, gives no more than max_size, and its checksum (Adler-32) is
// right.
bool IsWholeZlibStream(std::string_view bytes, size_t max_size);

}  // namespace tessera
