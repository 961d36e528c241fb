#include "data/text/text_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tessera {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct CodePoint {
  size_t length;  // the bytes that its first one asks for
  size_t valid;   // how many of them are there
  bool whole() const { return valid == length; }
};

// The code point that the text begins with (RFC 3629): the second byte excludes those that are
// longer than needed, surrogates, and what is beyond U+10FFFF.
CodePoint FirstCodePoint(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80 || lead < 0xC2 || lead > 0xF4) {
    return {1, lead < 0x80 ? 1u : 0u};
  }
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  size_t valid = 1;
  while (valid < std::min(length, text.size()) && byte(valid) >= low && byte(valid) <= high) {
    ++valid;
    low = 0x80;
    high = 0xBF;
  }
  return {length, valid};
}

}  // namespace

std::optional<int64_t> FirstInvalidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint next = FirstCodePoint(text.substr(at));
    if (!next.whole()) {
      return static_cast<int64_t>(at);
    }
    at += next.length;
  }
  return std::nullopt;
}

std::string WithReplacements(std::string_view bytes) {
  std::string text;
  while (const std::optional<int64_t> at = FirstInvalidUtf8(bytes)) {
    text.append(bytes.substr(0, *at)).append("\uFFFD");
    bytes.remove_prefix(*at);
    bytes.remove_prefix(std::max<size_t>(FirstCodePoint(bytes).valid, 1));
  }
  return text.append(bytes);
}

absl::StatusOr<std::string_view> TextOfFile(std::string_view bytes) {
  if (bytes.starts_with(kByteOrderMark)) {
    bytes.remove_prefix(kByteOrderMark.size());
  }
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF") ||
      bytes.substr(0, 4).find('\0') != bytes.npos) {
    return absl::InvalidArgumentError("the text is UTF-16 or UTF-32; save it as UTF-8");
  }
  return bytes;
}

std::string OneLine(std::string_view text) {
  // CR LF first, as one end; then NEL, LS and PS.
  constexpr std::string_view kEnds[] = {"\r\n", "\n",       "\r",           "\v",
                                        "\f",   "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
  std::string line;
  while (!text.empty()) {
    const auto* end = std::ranges::find_if(
        kEnds, [&](std::string_view ending) { return text.starts_with(ending); });
    const bool ends = end != std::end(kEnds);
    line += ends ? ' ' : text.front();
    text.remove_prefix(ends ? end->size() : 1);
  }
  return line;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kSpace) + 1);  // npos + 1 is 0
}

absl::Status CheckText(std::string_view text) {
  if (const std::optional<int64_t> at = FirstInvalidUtf8(text)) {
    return absl::InvalidArgumentError(absl::StrCat("the text is invalid UTF-8 at byte ", *at));
  }
  if (const size_t zero = text.find('\0'); zero != text.npos) {
    return absl::InvalidArgumentError(absl::StrCat("the text has a zero byte at byte ", zero));
  }
  if (Trim(text).empty()) {
    return absl::InvalidArgumentError("the text is empty");
  }
  return absl::OkStatus();
}

}  // namespace tessera
