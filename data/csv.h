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
  absl::StatusOr<std::vector<std::string>> fields;
};

// Empty lines are no rows. Lines end with LF or CRLF. After a row
// that is malformed reading goes on at the line behind its first, so that an open quote costs one
// row.
std::vector<CsvRow> ParseCsv(std::string_view text);

}  // namespace tessera
