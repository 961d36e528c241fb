// What can be chosen about the head whose densities are Fourier series
// (heads/density/fourier_density.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "config/enum_names.h"

namespace tessera {

enum class Support { kPeriod, kLine };
constexpr auto EnumNames(Support) { return std::array{"period", "line"}; }

struct FourierConfig {
  int64_t frequencies = 16;
  Support support = Support::kPeriod;
  double half_period = 1.25;
  double smoothness = 0;

  bool operator==(const FourierConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("frequencies", self.frequencies,
          "The density of a number has this many frequencies N, hence 2 N + 2 parameters.");
    visit("support", self.support,
          "Numbers lie in [-half_period, half_period], whose ends meet (period), or anywhere, by "
          "tanh (line).");
    visit("half_period", self.half_period,
          "This is half the period, or the scale of the line's map; numbers lie in [-1, 1].");
    visit("smoothness", self.smoothness,
          "The loss adds the integral of the squared slope times this; 0 adds nothing.");
  }

  std::string Problem() const {
    if (frequencies < 1 || smoothness < 0) {
      return "frequencies must be at least 1, smoothness not negative";
    }
    return half_period <= 0 || (support == Support::kPeriod && half_period < 256. / 255)
               ? "half_period must be positive, and at least 256/255 under support period: numbers "
                 "reach that far with the rounding of 8-bit pictures"
               : "";
  }
};

}  // namespace tessera
