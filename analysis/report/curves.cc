#include "analysis/report/curves.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/page/svg.h"

namespace tessera {
namespace {

using Log = std::vector<TrainReport>;
using List = std::vector<double>;

constexpr int64_t kLastShare = 10;  // a tenth

struct Curve {
  const char* name;
  double TrainReport::*value;
};

void AddCurves(const Log& log, const std::vector<Curve>& curves, LinePlot plot,
               std::vector<Figure>* figures) {
  for (const Curve& curve : curves) {
    Series series{.name = curve.name, .x = {}, .y = {}};
    for (const TrainReport& report : log) {
      if (report.*curve.value > 0) {
        series.x.push_back(static_cast<double>(report.step));
        series.y.push_back(report.*curve.value);
      }
    }
    if (series.x.size() > 1) {
      plot.series.push_back(std::move(series));
    }
  }
  if (!plot.series.empty()) {
    plot.x.label = "step";
    figures->push_back(SvgFigure(LinePlotSvg(plot)));
  }
}

// A curve for each set of a mixture.
void AddCurvesBySet(const Log& log, List TrainReport::*losses, LinePlot plot,
                    std::vector<Figure>* figures) {
  for (const TrainReport& report : log) {
    const List& values = report.*losses;
    for (size_t i = 0; i < std::min(report.sets.size(), values.size()); ++i) {
      auto series = std::ranges::find(plot.series, report.sets[i], &Series::name);
      if (values[i] > 0) {
        if (series == plot.series.end()) {
          plot.series.push_back({.name = report.sets[i], .x = {}, .y = {}});
          series = plot.series.end() - 1;
        }
        series->x.push_back(static_cast<double>(report.step));
        series->y.push_back(values[i]);
      }
    }
  }
  std::erase_if(plot.series, [](const Series& series) { return series.x.size() < 2; });
  if (!plot.series.empty()) {
    plot.x.label = "step";
    figures->push_back(SvgFigure(LinePlotSvg(plot)));
  }
}

// Means over the last part of the log, without what is NaN there; up to the last bin that ever has
// a number.
List LastMeans(const Log& log, List TrainReport::*lists) {
  List sum, count;
  for (size_t i = log.size() - (log.size() + kLastShare - 1) / kLastShare; i < log.size(); ++i) {
    const List& list = log[i].*lists;
    for (size_t k = 0; k < list.size(); ++k) {
      if (std::isfinite(list[k])) {
        sum.resize(std::max(sum.size(), k + 1));
        count.resize(sum.size());
        sum[k] += list[k];
        ++count[k];
      }
    }
  }
  std::ranges::transform(sum, count, sum.begin(), std::divides());
  return sum;
}

void AddBars(BarPlot plot, std::vector<Figure>* figures) {
  if (!plot.values.empty()) {
    figures->push_back(SvgFigure(BarPlotSvg(plot)));
  }
}

void AddLossBars(const Log& log, std::vector<Figure>* figures) {
  BarPlot level{.title = "Squared error of the clean patch by noise level",
                .x_label = "0: from pure noise; 1: from the patch itself",
                .y_label = "at the end of training",
                .names = {},
                .values = LastMeans(log, &TrainReport::image_loss_by_level),
                .size = {}};
  for (size_t i = 0; i < level.values.size(); ++i) {
    level.names.push_back(absl::StrFormat(
        "%.2f", (static_cast<double>(i) + 0.5) / static_cast<double>(level.values.size())));
  }
  BarPlot patch{.title = "Image loss by patch",
                .x_label = "turn in the picture",
                .y_label = "at the end of training",
                .names = {},
                .values = LastMeans(log, &TrainReport::image_loss_by_patch),
                .size = {}};
  for (size_t i = 0; i < patch.values.size(); ++i) {
    patch.names.push_back(absl::StrCat(i + 1));
  }
  AddBars(std::move(level), figures);
  AddBars(std::move(patch), figures);
}

}  // namespace

std::vector<Figure> Curves(const Log& log) {
  std::vector<Figure> figures;
  AddCurves(log,
            {{"seen, prompts weighted", &TrainReport::text_loss},
             {"held out", &TrainReport::held_out_text_loss}},
            {.title = "Text loss", .x = {}, .y = {"nats a token", true}, .series = {}, .size = {}},
            &figures);
  AddCurves(log,
            {{"seen", &TrainReport::image_loss}, {"held out", &TrainReport::held_out_image_loss}},
            {.title = "Image loss", .x = {}, .y = {"of the head", true}, .series = {}, .size = {}},
            &figures);
  const auto by_set = [&](const char* title, const char* unit, List TrainReport::*losses) {
    AddCurvesBySet(log, losses,
                   {.title = title, .x = {}, .y = {unit, true}, .series = {}, .size = {}},
                   &figures);
  };
  by_set("Text loss by set", "nats a token", &TrainReport::text_loss_by_set);
  by_set("Image loss by set", "of the head", &TrainReport::image_loss_by_set);
  AddCurves(
      log,
      {{"text", &TrainReport::text_gradient_norm}, {"image", &TrainReport::image_gradient_norm}},
      {.title = "Gradient of each loss at the hidden states",
       .x = {},
       .y = {"norm", true},
       .series = {},
       .size = {}},
      &figures);
  AddCurves(log, {{"", &TrainReport::tokens_per_second}},
            {.title = "Speed", .x = {}, .y = {"slots a second"}, .series = {}, .size = {}},
            &figures);
  AddLossBars(log, &figures);
  return figures;
}

}  // namespace tessera
