// What a text must be before it may train a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace tessera {

// Byte at which the text stops being UTF-8 (RFC 3629: shortest form, no surrogates), if it does.
std::optional<int64_t> FirstInvalidUtf8(std::string_view text);

// Without white space at both ends.
std::string_view Trim(std::string_view text);

// "the text is empty" (white space counts as nothing) or "the text is invalid UTF-8 at byte 3".
absl::Status CheckText(std::string_view text);

}  // namespace tessera
