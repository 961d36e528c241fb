// What can be chosen about the head whose density is a mixture of Gaussians.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "config/enum_names.h"

namespace tessera {

enum class Covariance { kDiagonal, kPerChannel, kFull };
constexpr auto EnumNames(Covariance) { return std::array{"diagonal", "per_channel", "full"}; }

struct GmmConfig {
  int64_t components = 16;
  Covariance covariance = Covariance::kDiagonal;

  bool operator==(const GmmConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("components", self.components, "The mixture has this many components.");
    visit("covariance", self.covariance,
          "Components are diagonal or full over the patch; per_channel gives each number a "
          "mixture of its own.");
  }

  std::string Problem() const { return components < 1 ? "components must be at least 1" : ""; }
};

}  // namespace tessera
