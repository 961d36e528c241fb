#include "analysis/ablation/study_page.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/page/html.h"
#include "analysis/page/svg.h"
#include "analysis/report/machine.h"
#include "config/status.h"
#include "config/toml.h"
#include "files/processor.h"

namespace tessera {
namespace {

constexpr int64_t kPlotColumn = 380, kSheetColumn = 320;  // pixels

using Logs = std::vector<std::vector<TrainReport>>;  // of the seeds of an arm

// The folder of an arm's first finished run; empty if there is none.
std::string FirstFolder(const StudyResult& result, const std::string& folder,
                        const std::string& arm) {
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    if (result.plan.runs[i].arm == arm && result.outcomes[i].status == RunStatus::kFinished) {
      return RunFolder(folder, result.plan.runs[i]);
    }
  }
  return "";
}

// The last sample sheet of a run as a figure; without a caption if there is no sheet.
absl::StatusOr<Figure> LastSheet(const std::string& run, const std::string& arm,
                                 const Files& files) {
  const std::string samples = JoinPath(run, "samples");
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(samples));
  if (kind != PathKind::kFolder) {
    return Figure();
  }
  ASSIGN_OR_RETURN(std::vector<std::string> names, files.List(samples));
  std::erase_if(names, [](const std::string& name) { return !absl::EndsWith(name, ".png"); });
  if (names.empty()) {
    return Figure();
  }
  std::ranges::stable_sort(names, {}, &std::string::size);  // "step-1000000" after "step-999999"
  ASSIGN_OR_RETURN(const std::string png, files.Read(JoinPath(samples, names.back())));
  return PngFigure(png, arm);
}

absl::Status AddPictures(const StudyResult& result, const std::string& folder, const Files& files,
                         HtmlPage* page) {
  std::vector<Figure> figures;
  std::map<std::string, std::string> arms_by_captions;
  for (const Choice& arm : result.plan.arms) {
    const std::string run = FirstFolder(result, folder, arm.name);
    if (run.empty()) {
      continue;
    }
    ASSIGN_OR_RETURN(Figure figure, LastSheet(run, arm.name, files));
    if (!figure.caption.empty()) {
      figures.push_back(std::move(figure));
      ASSIGN_OR_RETURN(const std::string captions,
                       files.Read(JoinPath(run, "samples/prompts.txt")));
      std::string& arms = arms_by_captions[captions];
      absl::StrAppend(&arms, arms.empty() ? "" : ", ", arm.name);
    }
  }
  if (figures.empty()) {
    return absl::OkStatus();
  }
  page->Heading("What each arm draws");
  page->Figures(figures, kSheetColumn);
  for (const auto& [captions, arms] : arms_by_captions) {
    page->Details(arms_by_captions.size() == 1 ? "The captions, in rows, the same for all arms"
                                               : "The captions, in rows, of " + arms,
                  captions);
  }
  return absl::OkStatus();
}

void AddTables(const StudyResult& result, HtmlPage* page) {
  const TextTable arms = ArmTable(result), problems = ProblemTable(result);
  page->Heading("Numbers");
  page->Table(arms.header, arms.rows);
  page->Paragraph(
      "Mean ± sample standard deviation over the seeds, n of them; ≤ a bound. "
      "Gflop: "
      "10^9 multiplications and additions of matrix products, convolutions and attention, of one "
      "training step (forward, backward, optimizer) and of one picture of eight drawn together. "
      "Seconds of training count evaluations and checkpoints; memory is the most that the training "
      "process held.");
  if (!problems.rows.empty()) {
    page->Heading("Refused or failed");
    page->Table(problems.header, problems.rows);
  }
}

// One value of a log, its mean over the seeds and a deviation to either side, at the steps that all
// seeds have.
Series Curve(const Logs& logs, const std::string& name, double TrainReport::*value, bool by_time) {
  Series series{.name = name, .x = {}, .y = {}};
  for (const TrainReport& first : logs.front()) {
    std::vector<double> values, minutes;
    for (const std::vector<TrainReport>& log : logs) {
      const auto found = std::ranges::find(log, first.step, &TrainReport::step);
      if (found != log.end()) {
        values.push_back((*found).*value);
        minutes.push_back(found->minutes);
      }
    }
    const Spread spread = SpreadOf(values);
    if (values.size() == logs.size() && spread.count > 0) {
      const double around = std::isnan(spread.deviation) ? 0 : spread.deviation;
      series.x.push_back(by_time ? 60 * SpreadOf(minutes).mean : static_cast<double>(first.step));
      series.y.push_back(spread.mean);
      series.low.push_back(spread.mean - around);
      series.high.push_back(spread.mean + around);
    }
  }
  return series;
}

using LogsByArm = std::vector<std::pair<std::string, Logs>>;

absl::StatusOr<LogsByArm> ReadLogs(const StudyResult& result, const std::string& folder,
                                   const Files& files) {
  LogsByArm arms;
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    const PlannedRun& run = result.plan.runs[i];
    if (result.outcomes[i].status == RunStatus::kFinished) {
      auto arm = std::ranges::find(arms, run.arm, &std::pair<std::string, Logs>::first);
      arm = arm == arms.end() ? arms.insert(arm, {run.arm, {}}) : arm;
      ASSIGN_OR_RETURN(std::vector<TrainReport> log, ReadLog(RunFolder(folder, run), files));
      arm->second.push_back(std::move(log));
    }
  }
  return arms;
}

absl::Status AddCurves(const StudyResult& result, const std::string& folder, const Files& files,
                       HtmlPage* page) {
  ASSIGN_OR_RETURN(const LogsByArm arms, ReadLogs(result, folder, files));
  const bool drawn = std::ranges::any_of(
      result.plan.runs, [](const PlannedRun& run) { return run.config.generates_images(); });
  std::vector<Figure> figures;
  for (const auto& [title, unit, value] :
       {std::tuple("Image loss", "of each head, in its own unit", &TrainReport::image_loss),
        {"Text loss", "nats a token", &TrainReport::text_loss}}) {
    if (value == &TrainReport::image_loss && !drawn) {
      continue;  // a loss that nothing learns from
    }
    for (const bool by_time : {false, true}) {
      LinePlot plot{.title = title,
                    .x = {by_time ? "seconds" : "step"},
                    .y = {unit, /*log=*/true},
                    .series = {},
                    .size = {}};
      for (const auto& [arm, logs] : arms) {
        plot.series.push_back(Curve(logs, arm, value, by_time));
      }
      figures.push_back(SvgFigure(LinePlotSvg(plot)));
    }
  }
  if (!arms.empty()) {
    page->Heading("Training: mean over seeds, and a deviation to either side");
    page->Figures(figures, kPlotColumn);
  }
  return absl::OkStatus();
}

void AddBars(const StudyResult& result, HtmlPage* page) {
  std::vector<Figure> figures;
  for (const std::string& readout : Readouts(result)) {
    RowPlot plot{.title = readout,
                 .label = "mean over seeds, and a deviation to either side",
                 .names = {},
                 .values = {},
                 .deviations = {}};
    for (const Choice& arm : result.plan.arms) {
      if (const Spread spread = ReadoutOf(result, arm.name, readout); spread.count > 0) {
        plot.names.push_back(arm.name);
        plot.values.push_back(spread.mean);
        plot.deviations.push_back(spread.deviation);
      }
    }
    if (std::ranges::any_of(plot.values, [](double value) { return std::abs(value) > 0; })) {
      figures.push_back(SvgFigure(RowPlotSvg(plot)));
    }
  }
  page->Figures(figures, kSheetColumn);
}

// Keys that are not the same for all arms as a table, the rest folded.
void AddSettings(const StudyResult& result, HtmlPage* page) {
  TextTable table{{"key"}, {}};
  std::vector<std::vector<FieldInfo>> configs;
  for (const PlannedRun& run : result.plan.runs) {
    if (run.problem.empty() && std::ranges::count(table.header, run.arm) == 0) {
      table.header.push_back(run.arm);
      configs.push_back(ListFields(run.config));
    }
  }
  std::string common;
  for (size_t i = 0; i < configs.front().size(); ++i) {
    std::vector<std::string> row = {configs.front()[i].path};
    bool same = true, active = false;
    for (const std::vector<FieldInfo>& config : configs) {
      row.push_back(config[i].active ? config[i].value : "-");
      same &= row.back() == row[1];
      active |= config[i].active && !config[i].type.empty();
    }
    if (active && !same) {
      table.rows.push_back(row);
    } else if (active && row.front() != "seed") {
      absl::StrAppend(&common, row[0], " = ", row[1], "\n");
    }
  }
  page->Heading("Settings");
  if (!table.rows.empty()) {
    page->Table(table.header, table.rows);
  }
  page->Details("What all arms have in common", common);
}

}  // namespace

absl::Status WriteStudy(const StudyResult& result, const std::string& folder,
                        const std::string& command, const Files& files) {
  const StudyConfig& study = result.plan.study;
  RETURN_IF_ERROR(files.MakeFolder(folder));
  RETURN_IF_ERROR(files.Write(JoinPath(folder, "study.json"), StudyJson(result)));
  RETURN_IF_ERROR(files.Write(JoinPath(folder, "study.csv"), StudyCsv(result)));
  HtmlPage page(LastName(folder));
  if (!study.question.empty()) {
    page.Paragraph(study.question);
  }
  if (!study.prediction.empty()) {
    page.Paragraph("Expected: " + study.prediction);
  }
  RETURN_IF_ERROR(AddPictures(result, folder, files, &page));
  AddTables(result, &page);
  AddBars(result, &page);
  RETURN_IF_ERROR(AddCurves(result, folder, files, &page));
  AddSettings(result, &page);
  page.Heading("Machine and command");
  page.Paragraph(absl::StrCat(Processor(files), ". ", study.count,
                              " documents and pictures for each measure."));
  page.Paragraph(command);
  return files.Write(JoinPath(folder, "report.html"), page.Text());
}

}  // namespace tessera
