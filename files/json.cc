#include "files/json.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <ranges>

#include "absl/strings/str_cat.h"

namespace tessera {
namespace {

using Library = nlohmann::ordered_json;

// Builds the value while the library reads, so that a text of a million names takes no other tree.
class Builder {
 public:
  bool null() { return Add({nullptr}); }
  bool boolean(bool value) { return Add({value}); }
  bool number_integer(int64_t value) { return Add({value}); }
  bool number_unsigned(uint64_t value) {
    return value > static_cast<uint64_t>(INT64_MAX) ? Add({static_cast<double>(value)})
                                                    : Add({static_cast<int64_t>(value)});
  }
  bool number_float(double value, const std::string&) { return Add({value}); }
  bool string(std::string& value) { return Add({std::move(value)}); }
  bool binary(Library::binary_t&) { return false; }  // JSON has none
  bool start_object(size_t) { return Open({JsonObject()}); }
  bool start_array(size_t) { return Open({JsonArray()}); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    names_.back() = std::move(name);
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error);

  Json Value() { return std::move(root_); }
  const absl::Status& status() const { return status_; }

 private:
  bool Add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* array = std::get_if<JsonArray>(&open_.back().value)) {
      array->push_back(std::move(value));
    } else {
      std::get<JsonObject>(open_.back().value)
          .emplace_back(std::move(names_.back()), std::move(value));
    }
    return true;
  }

  bool Open(Json value) {
    open_.push_back(std::move(value));
    names_.emplace_back();
    return true;
  }

  bool Close() {
    Json closed = std::move(open_.back());
    open_.pop_back();
    names_.pop_back();
    return Add(std::move(closed));
  }

  Json root_;
  std::vector<Json> open_;          // the values around the place that is read
  std::vector<std::string> names_;  // of their members that come next
  absl::Status status_;
};

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
    auto& members = out.get_ref<Library::object_t&>();  // whose own [] would look at all of them
    for (const auto& [key, item] : object) {
      members.emplace_back(key, std::visit(ToLibrary{}, item.value));
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

bool Builder::parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) {
  const auto* at = dynamic_cast<const Library::parse_error*>(&error);
  status_ = absl::InvalidArgumentError(  // else it is a number that no double holds
      at != nullptr ? absl::StrCat("bad JSON at byte ", at->byte, ": ", WithoutPrefix(error.what()))
                    : absl::StrCat("bad JSON: ", WithoutPrefix(error.what())));
  return false;
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
    for (const auto& member : std::views::reverse(*object)) {
      if (member.first == key) {
        return &member.second;
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
  Builder builder;
  return Library::sax_parse(text, &builder) ? absl::StatusOr<Json>(builder.Value())
                                            : builder.status();
}

std::string DumpJson(const Json& json, bool indented) {
  return std::visit(ToLibrary{}, json.value)
      .dump(indented ? 2 : -1, ' ', /*ensure_ascii=*/false, Library::error_handler_t::replace);
}

}  // namespace tessera
