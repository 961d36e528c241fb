#include "analysis/page/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/page/axis.h"
#include "analysis/page/markup.h"

namespace tessera {
namespace {

// Okabe and Ito's colours, which the colour-blind tell apart, without the yellow.
constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                 "#56b4e9", "#e69f00", "#222222"};
constexpr std::array kDashes = {"none", "6 3", "2 2", "8 3 2 3"};
constexpr double kTop = 38, kBottom = 40, kLeft = 48, kCharacter = 6.6, kLine = 14;
constexpr int kTicks = 5;

// The rectangle between the axes.
struct Frame {
  double left, right, top, bottom;
};

std::string Text(double x, double y, const std::string& text, const std::string& attributes = "") {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n", x, y,
                         attributes.empty() ? "" : " " + attributes, EscapeMarkup(text));
}

std::string GridLine(double x1, double y1, double x2, double y2) {
  return absl::StrFormat(
      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", x1, y1, x2, y2);
}

std::string Open(const std::string& title, PlotSize size) {
  return absl::StrFormat(
      "<svg viewBox=\"0 0 %d %d\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\" "
      "fill=\"#222\">\n<title>%s</title>\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n%s",
      size.width, size.height, EscapeMarkup(title), Text(4, kLine, title, "font-weight=\"bold\""));
}

std::string YAxis(const Axis& axis, const std::string& label, const Frame& frame) {
  std::string svg = Text(4, 2 * kLine + 2, label, "fill=\"#555\"");
  for (const double tick : axis.Ticks(kTicks)) {
    const double y = axis.Pixel(tick);
    svg += GridLine(frame.left, y, frame.right, y);
    svg += Text(frame.left - 6, y + 4, TickText(tick), "text-anchor=\"end\"");
  }
  return svg;
}

std::string XLabel(const std::string& label, const Frame& frame) {
  return Text((frame.left + frame.right) / 2, frame.bottom + 32, label,
              "text-anchor=\"middle\" fill=\"#555\"");
}

std::string XAxis(const Axis& axis, const std::string& label, const Frame& frame) {
  std::string svg = XLabel(label, frame);
  for (const double tick : axis.Ticks(kTicks)) {
    const double x = axis.Pixel(tick);
    svg += GridLine(x, frame.top, x, frame.bottom);
    svg += Text(x, frame.bottom + 16, TickText(tick), "text-anchor=\"middle\"");
  }
  return svg;
}

// Moves labels down, then up, until each is a line below the one before and all are in the frame.
void SpreadLabels(std::vector<double>& ys, const Frame& frame) {
  std::vector<size_t> order(ys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return ys[i]; });
  double above = -std::numeric_limits<double>::infinity();
  for (const size_t i : order) {
    ys[i] = above = std::max(ys[i], above + kLine);
  }
  double below = frame.bottom + kLine;
  for (size_t k = order.size(); k-- > 0;) {
    ys[order[k]] = below = std::min(ys[order[k]], below - kLine);
  }
}

Axis MakeAxis(const LinePlot& plot, const AxisOptions& options,
              std::initializer_list<std::vector<double> Series::*> values,
              std::array<double, 2> pixels) {
  std::vector<double> all;
  for (const Series& series : plot.series) {
    for (const auto value : values) {
      all.insert(all.end(), (series.*value).begin(), (series.*value).end());
    }
  }
  return {Axis::SpanOf(all, options.log), options.log, pixels[0], pixels[1]};
}

// Room for the longest name at the right of the lines.
Frame LineFrame(const LinePlot& plot) {
  size_t longest = 0;
  for (const Series& series : plot.series) {
    longest = std::max(longest, series.name.size());
  }
  const double width = static_cast<double>(plot.size.width);
  const double names = std::min(static_cast<double>(longest) * kCharacter + 12, width / 3);
  return {kLeft, width - names, kTop, static_cast<double>(plot.size.height) - kBottom};
}

struct Point {
  double x, y;  // pixels
};

// The points that both axes can show.
std::vector<Point> Shown(const std::vector<double>& xs, const std::vector<double>& ys,
                         const Axis& x, const Axis& y) {
  std::vector<Point> points;
  for (size_t i = 0; i < std::min(xs.size(), ys.size()); ++i) {
    if (x.CanShow(xs[i]) && y.CanShow(ys[i])) {
      points.push_back({x.Pixel(xs[i]), y.Pixel(ys[i])});
    }
  }
  return points;
}

// As SVG writes them.
std::string PointsText(const std::vector<Point>& points) {
  std::string text;
  for (const Point& point : points) {
    absl::StrAppendFormat(&text, "%.1f,%.1f ", point.x, point.y);
  }
  return text;
}

// Along its lower edge and back along the upper one.
std::string Band(const Series& series, const Axis& x, const Axis& y, const char* colour) {
  if (series.low.empty()) {
    return "";
  }
  const std::vector<double> xs(series.x.rbegin(), series.x.rend());
  const std::vector<double> high(series.high.rbegin(), series.high.rend());
  return absl::StrFormat("<polygon points=\"%s%s\" fill=\"%s\" fill-opacity=\"0.18\"/>\n",
                         PointsText(Shown(series.x, series.low, x, y)),
                         PointsText(Shown(xs, high, x, y)), colour);
}

}  // namespace

std::string LinePlotSvg(const LinePlot& plot) {
  const Frame frame = LineFrame(plot);
  const Axis x = MakeAxis(plot, plot.x, {&Series::x}, {frame.left, frame.right});
  const Axis y =
      MakeAxis(plot, plot.y, {&Series::y, &Series::low, &Series::high}, {frame.bottom, frame.top});
  std::string svg = absl::StrCat(Open(plot.title, plot.size), XAxis(x, plot.x.label, frame),
                                 YAxis(y, plot.y.label, frame));
  std::vector<size_t> named;  // series of which there is something to see
  std::vector<double> name_ys;
  for (size_t i = 0; i < plot.series.size(); ++i) {
    const Series& series = plot.series[i];
    const char* colour = kColours[i % kColours.size()];
    const std::vector<Point> points = Shown(series.x, series.y, x, y);
    absl::StrAppendFormat(&svg,
                          "%s<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" "
                          "stroke-width=\"1.6\" stroke-dasharray=\"%s\"/>\n",
                          Band(series, x, y, colour), PointsText(points), colour,
                          kDashes[i % kDashes.size()]);
    if (points.size() == 1) {  // no line goes through it
      absl::StrAppendFormat(&svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
                            points.front().x, points.front().y, colour);
    }
    if (!points.empty()) {
      named.push_back(i);
      name_ys.push_back(points.back().y + 4);
    }
  }
  SpreadLabels(name_ys, frame);
  for (size_t k = 0; k < named.size(); ++k) {
    svg += Text(frame.right + 5, name_ys[k], plot.series[named[k]].name,
                absl::StrCat("fill=\"", kColours[named[k] % kColours.size()], "\""));
  }
  return svg + "</svg>\n";
}

std::string BarPlotSvg(const BarPlot& plot) {
  const Frame frame{kLeft, static_cast<double>(plot.size.width) - 12, kTop,
                    static_cast<double>(plot.size.height) - kBottom};
  std::vector<double> with_zero = plot.values;
  with_zero.push_back(0);
  const Axis y(Axis::SpanOf(with_zero, false), false, frame.bottom, frame.top + kLine);
  std::string svg = absl::StrCat(Open(plot.title, plot.size), XLabel(plot.x_label, frame),
                                 YAxis(y, plot.y_label, frame));
  const int64_t num = std::ssize(plot.values);
  const double slot = (frame.right - frame.left) / static_cast<double>(std::max<int64_t>(num, 1));
  // Names and values are written where there is room for them.
  const int64_t every = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(36 / slot)));
  for (int64_t i = 0; i < num; ++i) {
    const double value = std::isfinite(plot.values[i]) ? plot.values[i] : 0;
    const double middle = frame.left + (static_cast<double>(i) + 0.5) * slot;
    const double top = std::min(y.Pixel(value), y.Pixel(0));
    absl::StrAppendFormat(
        &svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
        middle - 0.4 * slot, top, 0.8 * slot, std::abs(y.Pixel(value) - y.Pixel(0)), kColours[0]);
    if (i % every == 0) {
      svg += Text(middle, frame.bottom + 16, plot.names[i], "text-anchor=\"middle\"");
      svg += Text(middle, top - 4, TickText(plot.values[i], 2),
                  "text-anchor=\"middle\" font-size=\"10\"");
    }
  }
  return svg + "</svg>\n";
}

std::string RowPlotSvg(const RowPlot& plot) {
  constexpr double kBar = 11;
  constexpr int64_t kWidth = 340, kRow = 32, kValue = 52;  // the last: room for a value
  const int64_t num = std::ssize(plot.values);
  std::vector<double> ends = {0};
  for (size_t i = 0; i < plot.values.size(); ++i) {
    const double around = std::isfinite(plot.deviations[i]) ? plot.deviations[i] : 0;
    ends.insert(ends.end(), {plot.values[i], plot.values[i] + around});
  }
  const Axis x(Axis::SpanOf(ends, false), false, 4, kWidth - kValue);
  std::string svg =
      absl::StrCat(Open(plot.title, {kWidth, static_cast<int64_t>(kTop) + num * kRow}),
                   Text(4, 2 * kLine + 2, plot.label, "fill=\"#555\""));
  for (size_t i = 0; i < plot.values.size(); ++i) {
    const double value = std::isfinite(plot.values[i]) ? plot.values[i] : 0;
    const double around = std::isfinite(plot.deviations[i]) ? plot.deviations[i] : 0;
    const double y = kTop + static_cast<double>(i) * kRow + kLine;
    const double left = std::min(x.Pixel(0), x.Pixel(value)), end = x.Pixel(value + around);
    absl::StrAppendFormat(
        &svg,
        "%s<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n"
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#222\"/>\n",
        Text(4, y - 3, plot.names[i]), left, y, std::abs(x.Pixel(value) - x.Pixel(0)), kBar,
        kColours[4], x.Pixel(value - around), y + kBar / 2, end, y + kBar / 2);
    svg += Text(std::max(end, x.Pixel(0)) + 5, y + kBar - 1, TickText(plot.values[i], 3));
  }
  return svg + "</svg>\n";
}

BarPlot Histogram(const std::vector<double>& values, int64_t num_bins) {
  const Axis::Span span = Axis::SpanOf(values, /*log=*/false);
  const double width = (span.most - span.least) / static_cast<double>(num_bins);
  BarPlot plot;
  for (int64_t i = 0; i < num_bins; ++i) {
    plot.names.push_back(TickText(span.least + (static_cast<double>(i) + 0.5) * width));
  }
  plot.values.resize(num_bins);
  for (const double value : values) {
    if (std::isfinite(value)) {
      const int64_t bin = static_cast<int64_t>((value - span.least) / width);
      ++plot.values[std::clamp<int64_t>(bin, 0, num_bins - 1)];
    }
  }
  return plot;
}

}  // namespace tessera
