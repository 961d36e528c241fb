// What matrix products are computed in; parameters are f32 whatever it is.
#pragma once

#include <array>

namespace tessera {

enum class Precision { kF32, kBf16 };
constexpr auto EnumNames(Precision) { return std::array{"f32", "bf16"}; }

}  // namespace tessera
