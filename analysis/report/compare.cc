#include "analysis/report/compare.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/page/html.h"
#include "analysis/page/svg.h"
#include "analysis/report/machine.h"
#include "analysis/report/run_log.h"
#include "analysis/report/sample_sheet.h"
#include "config/status.h"
#include "config/toml.h"
#include "run/run.h"

namespace tessera {
namespace {

constexpr int64_t kPlotColumn = 380, kSheetColumn = 380;  // pixels

struct ComparedRun {
  std::string name, path;
  std::vector<TrainReport> log = {};
  Metrics metrics = {};
  std::vector<FieldInfo> settings = {};
};

std::vector<std::string> NamesOf(const std::vector<std::string>& runs) {
  std::vector<std::string> names;
  std::ranges::transform(runs, std::back_inserter(names), LastName);
  const std::set<std::string> different(names.begin(), names.end());
  return different.size() == runs.size() ? names : runs;
}

absl::StatusOr<std::vector<ComparedRun>> ReadRuns(const std::vector<std::string>& runs,
                                                  const Files& files) {
  const std::vector<std::string> names = NamesOf(runs);
  std::vector<ComparedRun> compared;
  for (size_t i = 0; i < runs.size(); ++i) {
    ASSIGN_OR_RETURN(const RunConfig config, ReadConfig(runs[i], files));
    ComparedRun run{.name = names[i], .path = runs[i], .settings = ListFields(config)};
    ASSIGN_OR_RETURN(run.log, ReadLog(runs[i], files));
    ASSIGN_OR_RETURN(run.metrics, ReadMetrics(runs[i], files));
    compared.push_back(std::move(run));
  }
  return compared;
}

struct Curve {
  const char* title;
  const char* unit;
  double TrainReport::*value;
  bool log;
};
constexpr Curve kCurves[] = {
    {"Text loss", "nats a token", &TrainReport::text_loss, true},
    {"Text loss, held out", "nats a token", &TrainReport::held_out_text_loss, true},
    {"Image loss", "of the head", &TrainReport::image_loss, true},
    {"Image loss, held out", "of the head", &TrainReport::held_out_image_loss, true},
    {"Gradient norm", "before clipping", &TrainReport::gradient_norm, true},
    {"Speed", "slots a second", &TrainReport::tokens_per_second, false},
};

// Empty if no run has two points of the curve.
std::string CurveSvg(const std::vector<ComparedRun>& runs, const Curve& curve,
                     double TrainReport::*minutes) {
  LinePlot plot{.title = curve.title,
                .x = {minutes != nullptr ? "minutes of training" : "step"},
                .y = {curve.unit, curve.log},
                .series = {},
                .size = {}};
  for (const ComparedRun& run : runs) {
    Series series{.name = run.name, .x = {}, .y = {}};
    for (const TrainReport& report : run.log) {
      if (report.*curve.value > 0) {
        series.x.push_back(minutes != nullptr ? report.*minutes : static_cast<double>(report.step));
        series.y.push_back(report.*curve.value);
      }
    }
    if (series.x.size() > 1) {
      plot.series.push_back(std::move(series));
    }
  }
  return plot.series.empty() ? "" : LinePlotSvg(plot);
}

void AddCurves(const std::vector<ComparedRun>& runs, HtmlPage* page) {
  for (double TrainReport::*x :
       {static_cast<double TrainReport::*>(nullptr), &TrainReport::minutes}) {
    std::vector<Figure> figures;
    for (const Curve& curve : kCurves) {
      std::string svg = CurveSvg(runs, curve, x);
      if (!svg.empty()) {
        figures.push_back(SvgFigure(std::move(svg)));
      }
    }
    if (!figures.empty()) {
      page->Heading(x == nullptr ? "Curves by step" : "Curves by time");
      page->Figures(figures, kPlotColumn);
    }
  }
}

absl::Status AddSheets(const std::vector<ComparedRun>& runs, const Files& files, HtmlPage* page) {
  std::vector<Figure> figures;
  for (const ComparedRun& run : runs) {
    ASSIGN_OR_RETURN(const std::vector<std::string> sheets, SheetsOf(run.path, files));
    if (!sheets.empty()) {
      ASSIGN_OR_RETURN(const std::string png, files.Read(sheets.back()));
      figures.push_back(PngFigure(png, absl::StrCat(run.name, ", ", LastName(sheets.back()))));
    }
  }
  if (!figures.empty()) {
    page->Heading("Last sample sheets");
    page->Figures(figures, kSheetColumn);
  }
  return absl::OkStatus();
}

// A row for each name of which any run has a value, in the order of the first run that has it. A
// run without it has "-".
using Values = std::map<std::string, std::string>;
void AddTable(const std::vector<ComparedRun>& runs, const std::vector<std::string>& names,
              const std::vector<Values>& values, HtmlPage* page) {
  std::vector<std::string> header = {""};
  std::ranges::transform(runs, std::back_inserter(header), &ComparedRun::name);
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : names) {
    rows.push_back({name});
    for (const Values& of_run : values) {
      const auto found = of_run.find(name);
      rows.back().push_back(found == of_run.end() ? "-" : found->second);
    }
  }
  page->Table(header, rows);
}

// Adds a name that is not there yet.
void AddName(const std::string& name, std::vector<std::string>* names) {
  if (std::ranges::count(*names, name) == 0) {
    names->push_back(name);
  }
}

void AddMeasures(const std::vector<ComparedRun>& runs, HtmlPage* page) {
  std::vector<std::string> names;
  std::vector<Values> values;
  for (const ComparedRun& run : runs) {
    Values& of_run = values.emplace_back();
    for (const auto& [name, value] : run.metrics) {
      AddName(name, &names);
      of_run[name] = std::isfinite(value) ? absl::StrFormat("%.4g", value) : "-";
    }
  }
  page->Heading("Measures");
  if (names.empty()) {
    page->Paragraph("None were measured: tessera eval RUN, then this again.");
  } else {
    AddTable(runs, names, values, page);
  }
}

void AddSettings(const std::vector<ComparedRun>& runs, HtmlPage* page) {
  std::vector<std::string> names;
  std::vector<Values> values;
  for (const ComparedRun& run : runs) {
    Values& of_run = values.emplace_back();
    for (const FieldInfo& field : run.settings) {
      if (field.active && !field.type.empty()) {
        AddName(field.path, &names);
        of_run[field.path] = field.value;
      }
    }
  }
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::all_of(values, [&](const Values& of_run) {
      const auto found = of_run.find(name);
      const auto first = values.front().find(name);
      return found != of_run.end() && first != values.front().end() &&
             found->second == first->second;
    });
  });
  page->Heading("Settings that differ");
  if (names.empty()) {
    page->Paragraph("There are none.");
  } else {
    AddTable(runs, names, values, page);
  }
}

}  // namespace

absl::StatusOr<std::string> ComparePage(const std::vector<std::string>& runs, const Files& files) {
  ASSIGN_OR_RETURN(const std::vector<ComparedRun> compared, ReadRuns(runs, files));
  HtmlPage page("Runs compared");
  AddCurves(compared, &page);
  RETURN_IF_ERROR(AddSheets(compared, files, &page));
  AddMeasures(compared, &page);
  AddSettings(compared, &page);
  return page.Text();
}

}  // namespace tessera
