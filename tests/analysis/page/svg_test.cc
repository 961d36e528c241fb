#include "analysis/page/svg.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "analysis/page/axis.h"

namespace tessera {
namespace {

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// Every tag is closed in order, every attribute quoted: what an XML parser asks of our SVG.
bool IsWellFormed(const std::string& svg) {
  std::vector<std::string> open;
  for (size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at)) {
    const size_t end = svg.find('>', at);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (end == std::string::npos || Count(tag, "\"") % 2 != 0 || Count(tag, "<") != 0) {
      return false;
    }
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag[0] == '/') {
      if (open.empty() || "/" + open.back() != name) {
        return false;
      }
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    at = end;
  }
  return open.empty();
}

LinePlot Sample() {
  return {.title = "losses <& more>",
          .x = {"step"},
          .y = {"nats", /*log=*/true},
          .series = {{"text", {0, 1, 2, 3}, {4, 2, 1, 0.5}},
                     {"image \"x\"", {0, 1, 2, 3}, {0, std::nan(""), -1, 2}},
                     {"empty", {}, {}}},
          .size = {}};
}

TEST(LinePlotSvg, IsWellFormedAndHasOnePolylineASeries) {
  const std::string svg = LinePlotSvg(Sample());
  EXPECT_TRUE(IsWellFormed(svg)) << svg;
  EXPECT_EQ(Count(svg, "<polyline"), 3);
}

TEST(LinePlotSvg, EscapesTextAndShowsNoImpossibleNumber) {
  const std::string svg = LinePlotSvg(Sample());
  EXPECT_EQ(Count(svg, "losses &lt;&amp; more&gt;"), 2) << "as title and as text";
  EXPECT_EQ(Count(svg, "image &quot;x&quot;"), 1);
  EXPECT_EQ(Count(svg, "nan") + Count(svg, "inf"), 0);
  EXPECT_EQ(Count(svg, "http"), 0);
}

TEST(LinePlotSvg, SurvivesNothingOnePointAndAConstant) {
  for (const Series& series : {Series{}, Series{"a", {1}, {1}}, Series{"b", {1, 2}, {0, 0}}}) {
    for (const bool log : {false, true}) {
      const std::string svg = LinePlotSvg(
          {.title = "", .x = {"", log}, .y = {"", log}, .series = {series}, .size = {}});
      EXPECT_TRUE(IsWellFormed(svg));
      EXPECT_EQ(Count(svg, "nan") + Count(svg, "inf"), 0) << svg;
    }
  }
}

TEST(LinePlotSvg, ShowsALoneValueAsADot) {
  LinePlot plot{.title = "", .x = {""}, .y = {""}, .series = {{"a", {1}, {1}}}, .size = {}};
  EXPECT_EQ(Count(LinePlotSvg(plot), "<circle"), 1);
  plot.series = {{"a", {1, 2}, {1, 2}}};
  EXPECT_EQ(Count(LinePlotSvg(plot), "<circle"), 0);
}

TEST(LinePlotSvg, NamesNoLineOfWhichThereIsNothingToSee) {
  LinePlot plot{.title = "t", .x = {"x"}, .y = {"y", /*log=*/true}, .series = {}, .size = {}};
  plot.series = {{.name = "seen", .x = {1, 2}, .y = {1, 2}},
                 {.name = "below", .x = {1, 2}, .y = {-1, 0}}};
  const std::string svg = LinePlotSvg(plot);
  EXPECT_NE(svg.find(">seen<"), svg.npos);
  EXPECT_EQ(svg.find(">below<"), svg.npos);
}

TEST(LinePlotSvg, ShowsABandAroundALineThatHasOneAndLeavesRoomForIt) {
  LinePlot plot = Sample();
  plot.y.log = false;
  plot.series = {{.name = "a", .x = {0, 1}, .y = {1, 1}, .low = {0, 0}, .high = {2, 2}}};
  const std::string svg = LinePlotSvg(plot);
  EXPECT_TRUE(IsWellFormed(svg)) << svg;
  EXPECT_EQ(Count(svg, "<polygon"), 1);
  EXPECT_EQ(Count(svg, ",240.0 "), 2) << "the lower edge is at the foot of the plot";
  EXPECT_EQ(Count(svg, ",38.0 "), 2) << "the upper edge is at its top";
}

TEST(BarPlotSvg, HasOneBarAValueAndIsWellFormed) {
  const std::string svg = BarPlotSvg({.title = "t",
                                      .x_label = "level",
                                      .y_label = "loss",
                                      .names = {"a<b", "c", "d"},
                                      .values = {1, -2, std::nan("")},
                                      .size = {}});
  EXPECT_TRUE(IsWellFormed(svg)) << svg;
  EXPECT_EQ(Count(svg, "<rect"), 1 + 3) << "the background and the bars";
}

TEST(RowPlotSvg, IsAsLongAsItsBarsAndShowsTheKnownDeviations) {
  const auto svg = [](std::vector<double> values, std::vector<double> deviations) {
    return RowPlotSvg({.title = "t",
                       .label = "l",
                       .names = std::vector<std::string>(values.size(), "a<b"),
                       .values = values,
                       .deviations = deviations});
  };
  EXPECT_NE(svg({1}, {std::nan("")}).find("viewBox=\"0 0 340 70\""), std::string::npos);
  const std::string two = svg({1, 2}, {.5, std::nan("")});
  EXPECT_TRUE(IsWellFormed(two)) << two;
  EXPECT_NE(two.find("viewBox=\"0 0 340 102\""), std::string::npos);
  EXPECT_EQ(Count(two, "<rect"), 1 + 2) << "the background and the bars";
  // 2 ends at pixel 288 of 4 to 288; .5 and 1.5 of it at 75 and 217.
  EXPECT_EQ(Count(two, "x1=\"75.0\""), 1) << two;
  EXPECT_EQ(Count(two, "x2=\"217.0\""), 1) << two;
  EXPECT_TRUE(IsWellFormed(svg({-1, std::nan("")}, {std::nan(""), 1})));
}

TEST(Histogram, CountsEveryValueOnce) {
  const BarPlot plot = Histogram({0, 0.1, 0.5, 0.9, 1, std::nan("")}, 2);
  EXPECT_EQ(plot.values, (std::vector<double>{2, 3}));
  EXPECT_EQ(plot.names, (std::vector<std::string>{"0.25", "0.75"}));
}

TEST(Axis, PutsTheEndsOfTheSpanAtTheEndsOfThePixels) {
  const Axis linear({2, 6}, false, 10, 110);
  EXPECT_EQ(linear.Pixel(2), 10);
  EXPECT_EQ(linear.Pixel(3), 35);
  EXPECT_EQ(linear.Pixel(6), 110);
  const Axis log({1, 100}, true, 0, 100);
  EXPECT_NEAR(log.Pixel(10), 50, 1e-9);
  EXPECT_FALSE(log.CanShow(0));
}

TEST(Axis, HasTicksAtRoundNumbers) {
  using Ticks = std::vector<double>;
  EXPECT_EQ(Axis({0, 2000}, false, 0, 1).Ticks(5), (Ticks{0, 500, 1000, 1500, 2000}));
  EXPECT_EQ(Axis({-1, 1}, false, 0, 1).Ticks(5), (Ticks{-1, -0.5, 0, 0.5, 1}));
  EXPECT_EQ(Axis({1, 1000}, true, 0, 1).Ticks(5), (Ticks{1, 10, 100, 1000}));
  EXPECT_EQ(Axis({1, 10}, true, 0, 1).Ticks(5), (Ticks{1, 2, 5, 10}));
}

TEST(Axis, HasAtLeastTwoTicksOnAnySpan) {
  for (const double most : {1.0001, 1.3, 2.7, 9.9, 10.1, 99.0, 1e4, 1e9, 1e30}) {
    for (const bool log : {false, true}) {
      const size_t num = Axis({1, most}, log, 0, 1).Ticks(5).size();
      EXPECT_GE(num, 2u) << most << " " << log;
      EXPECT_LE(num, 9u) << most << " " << log;
    }
  }
}

TEST(TickText, IsShort) {
  EXPECT_EQ(TickText(0), "0");
  EXPECT_EQ(TickText(0.1 + 0.2), "0.3");
  EXPECT_EQ(TickText(1500), "1500");
  EXPECT_EQ(TickText(20000), "20k");
  EXPECT_EQ(TickText(2.5e6), "2.5M");
  EXPECT_EQ(TickText(1e-5), "1e-05");
}

}  // namespace
}  // namespace tessera
