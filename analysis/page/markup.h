// Text and bytes inside markup.
#pragma once

#include <string>
#include <string_view>

namespace tessera {

// Safe as text and inside a quoted attribute of HTML and SVG. Control characters, which neither can
// hold, become spaces.
std::string EscapeMarkup(std::string_view text);

// RFC 4648, with padding.
std::string Base64(std::string_view bytes);

}  // namespace tessera
