// Names of an enum's values, written once beside the enum:
//   enum class Fit { kCover, kContain };
//   constexpr auto EnumNames(Fit) { return std::array{"cover", "contain"}; }
// The i-th name belongs to the value i. Parsing, printing, help and tests all read this list.
// An enum of whose values more is known than a name has a table instead, an array with a row
// {kind, name, ...} for each value.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace tessera {

template <class Enum>
std::string_view EnumName(Enum value) {
  return EnumNames(Enum{})[static_cast<size_t>(value)];
}

template <class Enum>
std::optional<Enum> EnumFromName(std::string_view name) {
  const auto names = EnumNames(Enum{});
  for (size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) {
      return static_cast<Enum>(i);
    }
  }
  return std::nullopt;
}

// Whether the table has a row for each value up to the last one, in their order.
template <class Row, size_t rows, class Enum>
constexpr bool HasEachRow(const std::array<Row, rows>& table, Enum last) {
  for (size_t i = 0; i < rows; ++i) {
    if (table[i].kind != static_cast<Enum>(i)) {
      return false;
    }
  }
  return table.back().kind == last;
}

template <class Row, size_t rows>
constexpr auto NamesIn(const std::array<Row, rows>& table) {
  std::array<const char*, rows> names{};
  for (size_t i = 0; i < rows; ++i) {
    names[i] = table[i].name;
  }
  return names;
}

}  // namespace tessera
