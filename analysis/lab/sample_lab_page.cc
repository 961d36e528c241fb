#include "analysis/lab/sample_lab_page.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analysis/page/html.h"
#include "analysis/page/svg.h"
#include "config/toml.h"
#include "data/image/image_io.h"

namespace tessera {
namespace {

constexpr int64_t kPictureColumn = 150, kPlotColumn = 480, kMargin = 2, kSide = 64;  // pixels

// A line a sampler, over its evaluations.
Figure Plot(const LabResult& result, const std::string& title, const std::string& unit,
            double LabRow::*value) {
  LinePlot plot{.title = title,
                .x = {"evaluations of the network a patch", true},
                .y = {unit, true},
                .series = {},
                .size = {.width = 560, .height = 420}};
  for (const LabRow& row : result.rows) {
    if (std::isfinite(row.*value)) {
      if (plot.series.empty() || plot.series.back().name != row.name) {
        plot.series.push_back({.name = row.name, .x = {}, .y = {}});
      }
      plot.series.back().x.push_back(static_cast<double>(row.evaluations));
      plot.series.back().y.push_back(row.*value);
    }
  }
  return SvgFigure(LinePlotSvg(plot));
}

void AddPictures(const LabResult& result, HtmlPage* page) {
  if (result.pictures.empty()) {
    return;
  }
  page->Heading("The same noise, drawn by each");
  page->Paragraph(absl::StrCat("Near the run's own number of evaluations, for: ",
                               absl::StrJoin(result.captions, "; "), "."));
  std::vector<Figure> figures;
  for (const LabPictures& drawn : result.pictures) {
    const int64_t scale = std::max<int64_t>(1, kSide / drawn.images.front().width);
    figures.push_back(
        PngFigure(EncodePng(ContactSheet(drawn.images, 2, kMargin, scale)),
                  absl::StrFormat("%s, %d evaluations", drawn.name, drawn.evaluations)));
  }
  page->Figures(figures, kPictureColumn);
}

void AddTable(const LabResult& result, HtmlPage* page) {
  std::vector<std::vector<std::string>> rows;
  for (const LabRow& row : result.rows) {
    rows.push_back({row.name, absl::StrCat(row.sampler.steps), absl::StrCat(row.evaluations),
                    std::isfinite(row.error) ? absl::StrFormat("%.5f", row.error) : "-",
                    absl::StrFormat("%.5f", row.energy), absl::StrFormat("%.5f", row.energy_error),
                    absl::StrFormat("%.3f", row.seconds)});
  }
  for (const std::string& refusal : result.refused) {
    page->Paragraph("Left out: " + refusal + ".");
  }
  page->Heading("All numbers");
  page->Table(
      {"sampler", "steps", "evaluations", "error", "energy distance", "its error", "seconds"},
      rows);
}

}  // namespace

Json LabJson(const LabResult& result) {
  const JsonArray refused(result.refused.begin(), result.refused.end());
  JsonArray rows;
  for (const LabRow& row : result.rows) {
    rows.emplace_back(JsonObject{{"sampler", {row.name}},
                                 {"steps", {row.sampler.steps}},
                                 {"evaluations", {row.evaluations}},
                                 {"error", {row.error}},
                                 {"energy_distance", {row.energy}},
                                 {"energy_distance_error", {row.energy_error}},
                                 {"seconds", {row.seconds}}});
  }
  return {JsonObject{{"conditions", {result.conditions}},
                     {"draws", {result.draws}},
                     {"refused", {refused}},
                     {"reference", {std::string(EnumName(result.reference.kind))}},
                     {"reference_steps", {result.reference.steps}},
                     {"sigma_reference", {std::string(EnumName(result.sigma_reference.kind))}},
                     {"sigma_reference_steps", {result.sigma_reference.steps}},
                     {"between_references", {result.between_references}},
                     {"floor_energy_distance", {result.floor_energy}},
                     {"floor_energy_distance_error", {result.floor_energy_error}},
                     {"rows", {std::move(rows)}}}};
}

std::string LabPage(const LabResult& result, const Run& run, const std::string& title) {
  HtmlPage page(title);
  page.Paragraph(absl::StrFormat(
      "Samplers on %d hidden states of held-out documents, %d patches drawn under each from the "
      "same noise, with the run's guidance.",
      result.conditions, result.draws));
  AddPictures(result, &page);
  page.Heading("Error against evaluations");
  page.Paragraph(absl::StrFormat(
      "Error: root mean square, in pixels from -1 to 1, from a fine solution of the same equation "
      "from the same noise, %s with %d steps; of samplers that walk in sigma, which begin at "
      "sigma_max and stop at sigma_min, %s with %d steps (the two end %.5f apart). One code of an "
      "8-bit picture is .0078. Energy distance: to other draws of the first reference under the "
      "same state, also of samplers that add noise; two sets of that reference have %.5f, standard "
      "error %.5f. It may be below 0, where the plot shows nothing.",
      EnumName(result.reference.kind), result.reference.steps,
      EnumName(result.sigma_reference.kind), result.sigma_reference.steps,
      result.between_references, result.floor_energy, result.floor_energy_error));
  page.Figures({Plot(result, "Distance to the exact end", "root mean square", &LabRow::error),
                Plot(result, "Distance to the exact distribution", "squared energy distance",
                     &LabRow::energy)},
               kPlotColumn);
  AddTable(result, &page);
  page.Details("Settings of generation", ToToml(run.config.generate));
  return page.Text();
}

}  // namespace tessera
