#include "files/json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace tessera {
namespace {

using Library = nlohmann::ordered_json;

Json FromLibrary(const Library& from) {
  switch (from.type()) {
    case Library::value_t::boolean:
      return {from.get<bool>()};
    case Library::value_t::number_unsigned:
      if (from.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
        return {from.get<double>()};
      }
      return {from.get<int64_t>()};
    case Library::value_t::number_integer:
      return {from.get<int64_t>()};
    case Library::value_t::number_float:
      return {from.get<double>()};
    case Library::value_t::string:
      return {from.get<std::string>()};
    case Library::value_t::array: {
      JsonArray array;
      for (const Library& item : from) {
        array.push_back(FromLibrary(item));
      }
      return {std::move(array)};
    }
    case Library::value_t::object: {
      JsonObject object;
      for (const auto& [key, item] : from.items()) {
        object.emplace_back(key, FromLibrary(item));
      }
      return {std::move(object)};
    }
    case Library::value_t::null:
    case Library::value_t::binary:
    case Library::value_t::discarded:
      return {nullptr};
  }
  return {nullptr};
}

struct ToLibrary {
  template <class T>
  Library operator()(const T& value) const {
    return value;
  }
  Library operator()(const JsonArray& array) const {
    Library out = Library::array();
    for (const Json& item : array) {
      out.push_back(std::visit(ToLibrary{}, item.value));
    }
    return out;
  }
  Library operator()(const JsonObject& object) const {
    Library out = Library::object();
    for (const auto& [key, item] : object) {
      out[key] = std::visit(ToLibrary{}, item.value);
    }
    return out;
  }
};

// Who walks over values calls itself once a level, and a stack holds a few ten thousand calls.
constexpr int64_t kMostLevels = 256;

// The byte, from 1, that begins a level too many; 0 if none does. Exact for JSON; other texts may
// be told this first.
int64_t TooDeepAt(std::string_view text) {
  int64_t level = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      i += c == '\\';
    } else if (c == '[' || c == '{') {
      if (++level > kMostLevels) {
        return static_cast<int64_t>(i) + 1;
      }
    } else {
      level -= c == ']' || c == '}';
    }
  }
  return 0;
}

// "[json.exception.parse_error.101] parse error at ...: syntax error" -> "syntax error";
// "[json.exception.out_of_range.406] number overflow" -> "number overflow"
std::string WithoutPrefix(std::string_view message) {
  const size_t bracket = message.find("] "), colon = message.find(": ");
  const size_t prefix = colon == message.npos ? bracket : colon;
  return std::string(prefix == message.npos ? message : message.substr(prefix + 2));
}

}  // namespace

double Json::AsNumber() const {
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    return static_cast<double>(*whole);
  }
  const auto* real = std::get_if<double>(&value);
  return real != nullptr ? *real : std::numeric_limits<double>::quiet_NaN();
}

const Json* Json::Find(std::string_view key) const {
  if (const JsonObject* object = AsObject()) {
    for (const auto& [name, item] : *object) {
      if (name == key) {
        return &item;
      }
    }
  }
  return nullptr;
}

absl::StatusOr<Json> ParseJson(std::string_view text) {
  if (const int64_t at = TooDeepAt(text); at > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("bad JSON at byte ", at, ": nested deeper than ", kMostLevels, " levels"));
  }
  try {
    return FromLibrary(Library::parse(text));
  } catch (const Library::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("bad JSON at byte ", error.byte, ": ", WithoutPrefix(error.what())));
  } catch (const Library::exception& error) {  // a number that no double holds
    return absl::InvalidArgumentError(absl::StrCat("bad JSON: ", WithoutPrefix(error.what())));
  }
}

std::string DumpJson(const Json& json, bool indented) {
  return std::visit(ToLibrary{}, json.value)
      .dump(indented ? 2 : -1, ' ', /*ensure_ascii=*/false, Library::error_handler_t::replace);
}

}  // namespace tessera
