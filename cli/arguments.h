// What several commands ask of their arguments.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tessera {

// Takes whole numbers that fit an int64_t, and says which bound a larger or smaller one misses.
inline CLI::Validator Between(int64_t least, int64_t most) {
  const auto check = [=](std::string& text) {
    int64_t number = 0;
    const bool fits = absl::SimpleAtoi(text, &number);
    const bool digits = !text.empty() && std::ranges::all_of(text, [](unsigned char letter) {
      return std::isdigit(letter);
    });
    if (fits ? number > most : digits) {
      return absl::StrCat("must be a whole number of at most ", most, ", not ", text);
    }
    return fits && number >= least
               ? std::string()
               : absl::StrCat("must be a whole number of at least ", least, ", not ", text);
  };
  return CLI::Validator(check, "");
}

inline CLI::Validator AtLeast(int64_t least) {
  return Between(least, std::numeric_limits<int64_t>::max());
}

// Declares an option or argument of several words, which come through to the letter: CLI11 would
// read some words as lists. An option takes one word each time that it is named; CommandWords
// names it again for each of several words.
inline CLI::Option* AddWords(CLI::App& app, const std::string& name,
                             std::vector<std::string>* words, const std::string& help) {
  const auto take = [words](const CLI::results_t& results) {
    *words = results;
    return true;
  };
  CLI::Option* option = app.add_option(name, take, help);
  return option->type_name("TEXT")
      ->expected(CLI::detail::expected_max_vector_size)
      ->allow_extra_args(!name.starts_with("--"));
}

// Returns "1 document", "2 documents" and so on.
inline std::string Counted(int64_t count, const std::string& what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

// Makes the error for numbers that were measured and miss what was expected. Its exit code is 1.
inline constexpr char kMissed[] = "tessera/missed";
inline absl::Status Missed(const std::string& sentence) {
  absl::Status status = absl::FailedPreconditionError(sentence);
  status.SetPayload(kMissed, absl::Cord());
  return status;
}

}  // namespace tessera
