// Names of an enum's values, written once beside the enum:
//   enum class Fit { kCover, kContain };
//   constexpr auto EnumNames(Fit) { return std::array{"cover", "contain"}; }
// The i-th name belongs to the value i. Parsing, printing, help and tests all read this list.
#pragma once

#include <array>
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

}  // namespace tessera
