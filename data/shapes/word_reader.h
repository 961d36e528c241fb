// Reads a short sentence of a fixed grammar word by word.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/enum_names.h"

namespace tessera {

// The word that WordReader reads as this value.
template <class Enum>
std::string WordOf(Enum value) {
  return std::string(EnumName(value));
}

class WordReader {
 public:
  explicit WordReader(std::string text)
      : text_(std::move(text)),
        words_(absl::StrSplit(text_, absl::ByAnyChar(" \t\n"), absl::SkipEmpty())) {}

  bool AtEnd() const { return next_ == words_.size(); }

  // Steps over the phrase, or over nothing.
  bool Take(const std::string& phrase) {
    const std::vector<std::string> wanted = absl::StrSplit(phrase, ' ');
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (next_ + i >= words_.size() || words_[next_ + i] != wanted[i]) {
        return false;
      }
    }
    next_ += wanted.size();
    return true;
  }

  // Steps over a name of the enum's values.
  template <class Enum>
  std::optional<Enum> Take() {
    const auto value = AtEnd() ? std::nullopt : EnumFromName<Enum>(words_[next_]);
    next_ += value.has_value();
    return value;
  }

  // The error for a sentence that does not go on with `what`.
  absl::Status Expected(const std::string& what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", what,
                     AtEnd() ? " at the end"
                             : absl::StrCat(", not '", words_[next_], "' (word ", next_ + 1, ")"),
                     " of '", text_, "'"));
  }

 private:
  std::string text_;
  std::vector<std::string> words_;
  size_t next_ = 0;
};

}  // namespace tessera
