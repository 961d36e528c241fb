// Whether deflated data is whole, which its readers may not ask.
#pragma once

#include <string_view>

namespace tessera {

// The stream ends within the bytes, and its checksum (Adler-32) is right.
bool IsWholeZlibStream(std::string_view bytes);

}  // namespace tessera
