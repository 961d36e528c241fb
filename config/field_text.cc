#include "config/field_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace tessera {
namespace {

std::string Text(bool value) { return value ? "true" : "false"; }
std::string Text(int64_t value) { return std::to_string(value); }
std::string Text(const std::string& value) { return QuoteToml(value); }

std::string Text(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  // TOML reads a number without point or exponent as an integer.
  return text.find_first_of(".ein") == std::string::npos ? text + ".0" : text;
}

template <class T>
std::string Text(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) {
    text += (text.empty() ? "" : ", ") + Text(value);
  }
  return "[" + text + "]";
}

std::string Choices(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : " | ") + QuoteToml(name);
  }
  return text;
}

struct ValueVisitor {
  std::string operator()(const SectionRef& ref) const {
    return ref.is_list() ? std::to_string(ref.size) + " sections" : "";
  }
  std::string operator()(const EnumRef& ref) const { return Text(ref.names[ref.get(ref.value)]); }
  std::string operator()(const auto* value) const { return Text(*value); }
};

struct TypeVisitor {
  std::string operator()(const SectionRef&) const { return ""; }
  std::string operator()(const EnumRef& ref) const { return Choices(ref.names); }
  std::string operator()(const bool*) const { return "true | false"; }
  std::string operator()(const int64_t*) const { return "integer"; }
  std::string operator()(const double*) const { return "number"; }
  std::string operator()(const std::string*) const { return "string"; }
  std::string operator()(const std::vector<int64_t>*) const { return "list of integers"; }
  std::string operator()(const std::vector<double>*) const { return "list of numbers"; }
  std::string operator()(const std::vector<std::string>*) const { return "list of strings"; }
};

}  // namespace

std::string QuoteToml(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::array<char, 8> escape;
      std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned>(c));
      quoted += escape.data();
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string ValueText(const FieldRef& ref) { return std::visit(ValueVisitor{}, ref); }
std::string TypeText(const FieldRef& ref) { return std::visit(TypeVisitor{}, ref); }

}  // namespace tessera
