// What a text must be before it may train a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tessera {

// Byte at which the text stops being UTF-8 (RFC 3629: shortest form, no surrogates), if it does.
std::optional<int64_t> FirstInvalidUtf8(std::string_view text);

// With U+FFFD in place of each longest run of bytes that begins a code point and does not end it,
// or of a byte that begins none, as the Unicode Standard recommends (chapter 3, table 3-8).
std::string WithReplacements(std::string_view bytes);

// The text of a file without the byte order mark of UTF-8. UTF-16 and UTF-32, which begin with
// another mark or have a zero byte among their first four, are an error that says so.
absl::StatusOr<std::string_view> TextOfFile(std::string_view bytes);

// With a space in place of each line end, those of Unicode too, for files of one text a line.
std::string OneLine(std::string_view text);

// Without white space at both ends.
std::string_view Trim(std::string_view text);

// "the text is empty" (white space counts as nothing), "the text is invalid UTF-8 at byte 3" or
// "the text has a zero byte at byte 3".
absl::Status CheckText(std::string_view text);

}  // namespace tessera
