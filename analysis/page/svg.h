// Plots as SVG text to stand inside a page: dark on white, distinguished by dashes as well as
// colours, so that they print in grey.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera {

struct AxisOptions {
  std::string label;
  bool log = false;
};

struct Series {
  std::string name;
  std::vector<double> x, y;  // of equal length; points that the axes cannot show are left out
  std::vector<double> low = {}, high = {};  // as long, of a band around the line; or empty
};

struct PlotSize {
  int64_t width = 440, height = 280;  // pixels, of which the page may make fewer
};

struct LinePlot {
  std::string title;
  AxisOptions x, y;
  std::vector<Series> series;
  PlotSize size;
};

// One bar a value. A histogram is the bar plot of its bins.
struct BarPlot {
  std::string title;
  std::string x_label, y_label;
  std::vector<std::string> names;
  std::vector<double> values;
  PlotSize size;
};

// A bar to the right for each value, under its name: readable however many and on a telephone.
struct RowPlot {
  std::string title, label;
  std::vector<std::string> names;
  std::vector<double> values;
  std::vector<double> deviations;  // to either side of each value; NaN: not known
};

// Each line carries its name at its right end.
std::string LinePlotSvg(const LinePlot& plot);

// Bars start at 0 and carry their values.
std::string BarPlotSvg(const BarPlot& plot);

std::string RowPlotSvg(const RowPlot& plot);

// Counts of values in bins of equal width over their range.
BarPlot Histogram(const std::vector<double>& values, int64_t num_bins);

}  // namespace tessera
