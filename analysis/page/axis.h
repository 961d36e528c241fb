// A plot's axis: from values to pixels, with ticks at round numbers.
#pragma once

#include <string>
#include <vector>

namespace tessera {

class Axis {
 public:
  struct Span {
    double least, most;
  };

  // The span of the values that can be shown (finite, and positive on a log axis); never empty.
  static Span SpanOf(const std::vector<double>& values, bool log);

  // pixel_begin belongs to the least value.
  Axis(Span span, bool log, double pixel_begin, double pixel_end);

  bool CanShow(double value) const;
  double Pixel(double value) const;

  // Round numbers inside the span, about `num` of them, at least two.
  std::vector<double> Ticks(int num) const;

 private:
  Span span_;
  bool log_;
  double pixel_begin_, pixel_end_;
};

// Short: 0.001, 2.5, 400, 20k, 3M, 1e-05.
std::string TickText(double value, int significant_digits = 4);

}  // namespace tessera
