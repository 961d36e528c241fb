#include "analysis/page/axis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace tessera {
namespace {

bool IsShown(double value, bool log) { return std::isfinite(value) && (!log || value > 0); }

// The round step (1, 2 or 5 times a power of ten) nearest above range / num.
double RoundStep(double range, int num) {
  const double power = std::pow(10, std::floor(std::log10(range / num)));
  for (const double digit : {1, 2, 5}) {
    if (digit * power * num >= range * (1 - 1e-9)) {
      return digit * power;
    }
  }
  return 10 * power;
}

}  // namespace

Axis::Span Axis::SpanOf(const std::vector<double>& values, bool log) {
  Span span{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const double value : values) {
    if (IsShown(value, log)) {
      span = {std::min(span.least, value), std::max(span.most, value)};
    }
  }
  if (span.least > span.most) {
    return {log ? 0.1 : 0, 1};  // nothing to show
  }
  if (span.least == span.most) {
    const double margin = log ? 0 : std::max(std::abs(span.least) * 0.5, 1e-9);
    return log ? Span{span.least / 2, span.most * 2}
               : Span{span.least - margin, span.most + margin};
  }
  return span;
}

Axis::Axis(Span span, bool log, double pixel_begin, double pixel_end)
    : span_(span), log_(log), pixel_begin_(pixel_begin), pixel_end_(pixel_end) {}

bool Axis::CanShow(double value) const { return IsShown(value, log_); }

double Axis::Pixel(double value) const {
  const double share = log_ ? std::log(value / span_.least) / std::log(span_.most / span_.least)
                            : (value - span_.least) / (span_.most - span_.least);
  return std::lerp(pixel_begin_, pixel_end_, share);
}

std::vector<double> Axis::Ticks(int num) const {
  std::vector<double> ticks;
  const double decades = log_ ? std::log10(span_.most / span_.least) : 0;
  if (decades < 1) {  // also a narrow log axis, whose round numbers are those of a linear one
    const double step = RoundStep(span_.most - span_.least, num);
    const double slack = step * 1e-9;
    for (double i = std::ceil((span_.least - slack) / step); i * step <= span_.most + slack; ++i) {
      ticks.push_back(i * step + 0.0);  // never -0
    }
    return ticks;
  }
  const std::vector<double> digits =
      decades < num / 2.0 ? std::vector<double>{1, 2, 5} : std::vector<double>{1};
  const int every = std::max(1, static_cast<int>(std::ceil(decades / num)));
  const int first = static_cast<int>(std::floor(std::log10(span_.least)));
  for (int power = first; std::pow(10, power) <= span_.most; power += every) {
    for (const double digit : digits) {
      const double tick = digit * std::pow(10, power);
      if (tick >= span_.least * (1 - 1e-9) && tick <= span_.most * (1 + 1e-9)) {
        ticks.push_back(tick);
      }
    }
  }
  return ticks;
}

std::string TickText(double value, int significant_digits) {
  const double size = std::abs(value);
  const auto [divisor, unit] = size >= 1e6 && size < 1e9   ? std::pair(1e6, "M")
                               : size >= 1e4 && size < 1e6 ? std::pair(1e3, "k")
                                                           : std::pair(1.0, "");
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.*g%s", significant_digits, value / divisor, unit);
  return text.data();
}

}  // namespace tessera
