#include "analysis/probe/probe_page.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/page/svg.h"
#include "config/status.h"
#include "config/toml.h"
#include "run/safetensors.h"

namespace tessera {
namespace {

constexpr int64_t kHeatColumn = 160, kPlotColumn = 380;  // pixels

JsonArray Numbers(const std::vector<double>& values) {
  JsonArray array;
  for (const double value : values) {
    array.emplace_back(value);
  }
  return array;
}

JsonArray Words(const std::vector<std::string>& words) {
  JsonArray array;
  for (const std::string& word : words) {
    array.emplace_back(word);
  }
  return array;
}

std::vector<double> Scores(const ProbeCurve& curve, double ProbeScore::*number) {
  std::vector<double> scores;
  for (const ProbeScore& score : curve.by_layer) {
    scores.push_back(score.*number);
  }
  return scores;
}

Json CurveJson(const ProbeCurve& curve) {
  return {JsonObject{
      {"what", {curve.what}},
      {"where", {curve.where}},
      {"reading", {curve.reading}},
      {"measure", {curve.measure}},
      {"score", {Numbers(Scores(curve, &ProbeScore::score))}},
      {"chance", {Numbers(Scores(curve, &ProbeScore::chance))}},
      {"ridge", {Numbers(Scores(curve, &ProbeScore::ridge))}},
      {"judged", {curve.by_layer.front().judged}},
  }};
}

Json AttentionJson(const AttentionView& view, const Run& run) {
  JsonArray lookers;
  for (const Looker& looker : LookersOf(view)) {
    std::vector<double> text, patches, itself, others;
    for (size_t layer = 0; layer < view.weight_HTS.size(); ++layer) {
      const AttentionShares shares = SharesOf(view, run, layer, looker.slot);
      text.push_back(shares.text);
      patches.push_back(shares.patches);
      itself.push_back(shares.itself);
      others.push_back(shares.others);
    }
    lookers.emplace_back(JsonObject{{"slot", {std::string(looker.name)}},
                                    {"index", {looker.slot}},
                                    {"text", {Numbers(text)}},
                                    {"patches", {Numbers(patches)}},
                                    {"itself", {Numbers(itself)}},
                                    {"others", {Numbers(others)}}});
  }
  return {std::move(lookers)};
}

// 0, 1, ... for plots over layers and turns.
std::vector<double> Indices(size_t count, double first) {
  std::vector<double> indices;
  for (size_t i = 0; i < count; ++i) {
    indices.push_back(first + static_cast<double>(i));
  }
  return indices;
}

Series SeriesOf(const std::string& name, const std::vector<double>& y, double first) {
  return {.name = name, .x = Indices(y.size(), first), .y = y};
}

Figure Plot(const std::string& title, const AxisOptions& x, const AxisOptions& y,
            std::vector<Series> series) {
  return SvgFigure(LinePlotSvg(
      {.title = title, .x = x, .y = y, .series = std::move(series), .size = {.height = 300}}));
}

void AddAttention(const ProbeResult& result, const Run& run, HtmlPage* page) {
  if (result.views.empty()) {
    return;
  }
  page->Heading("Where it looks");
  page->Paragraph(
      "From one slot of a held-out document, by layer; in each sheet a picture for each head, in "
      "rows. The redder, the more, beside the most of that head on a patch; pale: what the slot "
      "does not see. Words: the mean of the heads. Shares are of the whole weight.");
  for (const AttentionView& view : result.views) {
    for (const Looker& looker : LookersOf(view)) {
      std::string text;
      for (const Segment& segment : view.document.segments) {
        absl::StrAppend(&text, text.empty() ? "" : ", ",
                        AsText(segment) ? absl::StrCat("\"", *AsText(segment), "\"") : "picture");
      }
      page->Paragraph(absl::StrCat("Seen by ", looker.name, " of: ", text));
      page->Figures(AttentionFigures(view, run, looker), kHeatColumn);
    }
  }
}

void AddForgetting(const ProbeResult& result, HtmlPage* page) {
  page->Heading("What each layer still knows");
  page->Paragraph(
      "By ridge regression on the hidden states, judged on documents that it was not fitted on. "
      "Layer 0 is the embedding; the last is the normed state that the heads read.");
  std::vector<LinePlot> plots;  // in the order of the curves
  for (const ProbeCurve& curve : result.curves) {
    const std::string title =
        absl::StrCat(curve.measure == "R^2" ? "Pixels" : curve.where, ", read ",
                     curve.reading == "as stored" ? "as the data has it" : curve.reading);
    auto plot = std::ranges::find(plots, title, &LinePlot::title);
    if (plot == plots.end()) {
      plots.push_back(
          {.title = title, .x = {"layer"}, .y = {curve.measure}, .series = {}, .size = {}});
      plot = plots.end() - 1;
    }
    plot->series.push_back(SeriesOf(curve.what, Scores(curve, &ProbeScore::score), 0));
  }
  std::vector<Figure> figures;
  for (const LinePlot& plot : plots) {
    figures.push_back(SvgFigure(LinePlotSvg(plot)));
  }
  page->Figures(figures, kPlotColumn);
}

void AddLosses(const ProbeResult& result, HtmlPage* page) {
  const LossSplit& losses = result.losses;
  std::vector<double> text, image;
  for (const ExitLoss& exit : losses.exits) {
    text.push_back(exit.text);
    image.push_back(exit.image);
  }
  page->Heading("What each layer could already say");
  page->Paragraph("The final norm and the heads, on what each layer leaves.");
  std::vector<Figure> figures = {
      Plot("Text loss by layer", {"layer"}, {"nats a token"}, {SeriesOf("", text, 0)}),
      Plot("Image loss by layer", {"layer"}, {"of the head"}, {SeriesOf("", image, 0)})};
  if (!losses.error_by_level.empty()) {
    std::vector<double> level;
    for (size_t i = 0; i < losses.error_by_level.size(); ++i) {
      level.push_back((static_cast<double>(i) + .5) /
                      static_cast<double>(losses.error_by_level.size()));
    }
    figures.push_back(Plot("Squared error of the clean patch", {"flow time, 0: noise"}, {"", true},
                           {{.name = "", .x = level, .y = losses.error_by_level}}));
  }
  figures.push_back(Plot("Image loss by patch", {"turn in the picture"}, {"of the head"},
                         {SeriesOf("", losses.loss_by_turn, 1)}));
  page->Figures(figures, kPlotColumn);
}

void AddDrift(const ProbeResult& result, HtmlPage* page) {
  if (result.drift.empty()) {
    return;  // it draws none
  }
  page->Heading("Whether drawn pictures drift");
  page->Paragraph("Numbers of a patch, from -1 to 1, by its turn, over all pictures.");
  std::vector<Figure> figures;
  for (const auto& [title, statistic] : {std::pair("Mean", &TurnStatistics::mean),
                                         {"Standard deviation", &TurnStatistics::deviation},
                                         {"Share that is 0 or 255", &TurnStatistics::saturated}}) {
    std::vector<Series> series;
    for (const DriftCurve& curve : result.drift) {
      const std::string name =
          curve.pictures == "drawn without guidance" ? "unguided" : curve.pictures;
      series.push_back(SeriesOf(name, curve.statistics.*statistic, 1));
    }
    figures.push_back(Plot(title, {"turn in the picture"}, {""}, std::move(series)));
  }
  page->Figures(figures, kPlotColumn);
}

std::string Cell(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.4f", value) : "-";
}

void AddTable(const ProbeResult& result, HtmlPage* page) {
  page->Heading("All probes");
  std::vector<std::string> header = {"what", "where", "order", "measure", "chance"};
  header.insert(header.end(), result.layers.begin(), result.layers.end());
  std::vector<std::vector<std::string>> rows;
  for (const ProbeCurve& curve : result.curves) {
    rows.push_back({curve.what, curve.where, curve.reading, curve.measure,
                    Cell(curve.by_layer.front().chance)});
    for (const ProbeScore& score : curve.by_layer) {
      rows.back().push_back(Cell(score.score));
    }
  }
  page->Table(header, rows);
}

}  // namespace

Json ProbeJson(const ProbeResult& result, const Run& run) {
  JsonArray curves, exits, drift, attention;
  for (const ProbeCurve& curve : result.curves) {
    curves.push_back(CurveJson(curve));
  }
  for (const ExitLoss& exit : result.losses.exits) {
    exits.emplace_back(JsonObject{{"text_nats", {exit.text}}, {"image_loss", {exit.image}}});
  }
  for (const DriftCurve& curve : result.drift) {
    drift.emplace_back(JsonObject{{"pictures", {curve.pictures}},
                                  {"mean", {Numbers(curve.statistics.mean)}},
                                  {"deviation", {Numbers(curve.statistics.deviation)}},
                                  {"saturated", {Numbers(curve.statistics.saturated)}}});
  }
  for (const AttentionView& view : result.views) {
    attention.push_back(AttentionJson(view, run));
  }
  return {JsonObject{{"documents", {result.documents}},
                     {"patches", {result.patches}},
                     {"layers", {Words(result.layers)}},
                     {"probes", {std::move(curves)}},
                     {"exits", {std::move(exits)}},
                     {"clean_error_by_level", {Numbers(result.losses.error_by_level)}},
                     {"image_loss_by_turn", {Numbers(result.losses.loss_by_turn)}},
                     {"drift", {std::move(drift)}},
                     {"attention", {std::move(attention)}}}};
}

std::string ProbePage(const ProbeResult& result, const Run& run, const std::string& title) {
  HtmlPage page(title);
  page.Paragraph(absl::StrFormat("Inside a run: %d held-out documents with %d patches.",
                                 result.documents, result.patches));
  AddForgetting(result, &page);
  AddLosses(result, &page);
  AddDrift(result, &page);
  AddAttention(result, run, &page);
  AddTable(result, &page);
  page.Details("All settings of the run", ToToml(run.config));
  return page.Text();
}

absl::Status WriteProbe(const ProbeResult& result, const Run& run, const std::string& folder,
                        const std::string& title, const Files& files) {
  RETURN_IF_ERROR(files.MakeFolder(folder));
  RETURN_IF_ERROR(
      files.Write(JoinPath(folder, "states.safetensors"), WriteSafetensors(result.exported)));
  RETURN_IF_ERROR(files.Write(JoinPath(folder, "probe.json"),
                              DumpJson(ProbeJson(result, run), /*indented=*/true) + "\n"));
  return files.Write(JoinPath(folder, "probe.html"), ProbePage(result, run, title));
}

}  // namespace tessera
