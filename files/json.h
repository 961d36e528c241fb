// JSON as plain values. The library behind it is seen by json.cc only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

struct Json;
using JsonArray = std::vector<Json>;
// In the order of the text, in which a name may stand twice.
using JsonObject = std::vector<std::pair<std::string, Json>>;

struct Json {
  std::variant<std::nullptr_t, bool, int64_t, double, std::string, JsonArray, JsonObject> value;

  // Null unless the value is of that type.
  const std::string* AsString() const { return std::get_if<std::string>(&value); }
  const JsonArray* AsArray() const { return std::get_if<JsonArray>(&value); }
  const JsonObject* AsObject() const { return std::get_if<JsonObject>(&value); }

  double AsNumber() const;  // NaN unless it is one, whole or not

  // The last member of an object with that name; null if there is none or the value is no object.
  const Json* Find(std::string_view key) const;
};

// Strict: one value, valid UTF-8, nothing after it, at most 256 levels of nesting. Errors say what
// and at which byte.
absl::StatusOr<Json> ParseJson(std::string_view text);

// On one line, or indented by two spaces. Doubles round-trip; a string that is not UTF-8 has U+FFFD
// where it is not; NaN and infinity, which JSON lacks, are null.
std::string DumpJson(const Json& json, bool indented = false);

}  // namespace tessera
