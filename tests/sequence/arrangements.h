// Arrangements that meet every value of each enum, and every pair of a mask with another value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/enum_names.h"
#include "sequence/arrangement.h"

namespace tessera {

template <class Enum>
std::vector<Enum> EveryValue() {
  std::vector<Enum> values;
  for (const std::string_view name : EnumNames(Enum{})) {
    values.push_back(*EnumFromName<Enum>(name));
  }
  return values;
}

inline std::vector<Arrangement> EveryArrangement() {
  const std::vector<Positions> positions = EveryValue<Positions>();
  std::vector<Arrangement> arrangements;
  for (const AttentionMask mask : EveryValue<AttentionMask>()) {
    for (const PatchOrder order : EveryValue<PatchOrder>()) {
      const size_t turn = arrangements.size();
      arrangements.push_back({.order = order,
                              .positions = positions[turn % positions.size()],
                              .mask = mask,
                              .block = 2 + static_cast<int64_t>(turn % 2)});
    }
  }
  return arrangements;
}

inline std::string NameOf(const Arrangement& arrangement) {
  return std::string(EnumName(arrangement.order)) + " " +
         std::string(EnumName(arrangement.positions)) + " " +
         std::string(EnumName(arrangement.mask));
}

}  // namespace tessera
