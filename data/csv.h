// Comma-separated values as RFC 4180 defines them: quoted fields may hold commas, doubled quotes
// and line breaks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

struct CsvRow {
  int64_t line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

// Empty lines are no rows; a byte order mark is skipped. Lines end with LF or CRLF.
absl::StatusOr<std::vector<CsvRow>> ParseCsv(std::string_view text);

}  // namespace tessera
