#include "run/expectation.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tessera {

absl::StatusOr<Expectation> ParseExpectation(const std::string& text) {
  constexpr size_t kSignLength = 4;
  const size_t least = text.find(" >= "), most = text.find(" <= ");
  const size_t sign = std::min(least, most);
  const std::string name = text.substr(0, sign);
  const size_t minus = name.find(" - ");
  Expectation expectation{.measure = name.substr(0, minus),
                          .minus = minus == name.npos ? "" : name.substr(minus + 3),
                          .at_least = sign == least,
                          .bound = 0};
  for (std::string* measure : {&expectation.measure, &expectation.minus}) {
    absl::StripAsciiWhitespace(measure);
  }
  const bool named = !expectation.measure.empty() &&
                     (minus == name.npos || !expectation.minus.empty()) &&
                     expectation.minus.find(" - ") == std::string::npos;
  if (sign == text.npos || !named ||
      !absl::SimpleAtod(text.substr(sign + kSignLength), &expectation.bound) ||
      !std::isfinite(expectation.bound)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text,
                     "' is no bound; write 'measure >= number', 'measure <= number' or "
                     "'measure - measure >= number'"));
  }
  return expectation;
}

std::string ExpectConfig::Problem() const {
  for (const std::string& bound : bounds) {
    if (const auto parsed = ParseExpectation(bound); !parsed.ok()) {
      return std::string(parsed.status().message());
    }
  }
  return "";
}

}  // namespace tessera
