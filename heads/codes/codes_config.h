// What can be chosen about the head that draws the codes of a patch.
#pragma once

#include <array>

#include "config/enum_names.h"

namespace tessera {

enum class CodeSoftmax { kJoint, kIndependent, kAutoregressive };
constexpr auto EnumNames(CodeSoftmax) {
  return std::array{"joint", "independent", "autoregressive"};
}

struct CodesConfig {
  CodeSoftmax softmax = CodeSoftmax::kJoint;

  bool operator==(const CodesConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("softmax", self.softmax,
          "A softmax is over all codes of a vector (joint), or over each digit, given nothing or "
          "the digits before it (autoregressive).");
  }
};

}  // namespace tessera
