#include "data/csv.h"

#include <algorithm>

#include "config/status.h"

namespace tessera {
namespace {

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }

  CsvRow Row() {
    const CsvReader before = *this;
    CsvRow row = {line_, Fields()};
    if (!row.fields.ok()) {
      *this = before;
      rest_.remove_prefix(std::min(rest_.find_first_of("\r\n"), rest_.size()));
      SkipLineEnd();
    }
    return row;
  }

 private:
  absl::StatusOr<std::vector<std::string>> Fields() {
    std::vector<std::string> fields;
    do {
      ASSIGN_OR_RETURN(std::string field, rest_.starts_with('"') ? Quoted() : Plain());
      fields.push_back(std::move(field));
    } while (Skip(","));
    if (!SkipLineEnd()) {
      return absl::InvalidArgumentError(
          "after a closing quote must come a comma or the line's end");
    }
    return fields;
  }

  bool SkipLineEnd() {
    ++line_;
    return Skip("\r\n") || Skip("\n") || Skip("\r") || done();
  }

  bool Skip(std::string_view token) {
    if (!rest_.starts_with(token)) {
      return false;
    }
    rest_.remove_prefix(token.size());
    return true;
  }

  absl::StatusOr<std::string> Plain() {
    const size_t end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    if (field.find('"') != field.npos) {
      return absl::InvalidArgumentError("a field with quotes must be quoted, with \"\" for each");
    }
    rest_.remove_prefix(end);
    return std::string(field);
  }

  absl::StatusOr<std::string> Quoted() {
    std::string field;
    rest_.remove_prefix(1);
    while (true) {
      const size_t quote = rest_.find('"');
      if (quote == rest_.npos) {
        return absl::InvalidArgumentError("a quote is not closed");
      }
      const std::string_view part = rest_.substr(0, quote);
      line_ += std::ranges::count(part, '\n');
      field += part;
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) {
        return field;
      }
      field += '"';
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  int64_t line_ = 1;
};

}  // namespace

std::vector<CsvRow> ParseCsv(std::string_view text) {
  std::vector<CsvRow> rows;
  CsvReader reader(text);
  while (!reader.done()) {
    CsvRow row = reader.Row();
    if (!row.fields.ok() || *row.fields != std::vector<std::string>{""}) {
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace tessera
