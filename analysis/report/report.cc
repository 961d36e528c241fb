#include "analysis/report/report.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "analysis/measure/judge.h"
#include "analysis/report/curves.h"
#include "analysis/report/machine.h"
#include "analysis/report/run_log.h"
#include "analysis/report/sample_sheet.h"
#include "analysis/report/showcase.h"
#include "config/status.h"
#include "config/toml.h"
#include "files/processor.h"

namespace tessera {
namespace {

constexpr int64_t kSheets = 5;
constexpr int64_t kPlotColumn = 380, kSheetColumn = 480;  // pixels
constexpr double kOverFit = .1, kFewDocuments = 100;      // less may be chance

std::string Summary(const Run& run, const std::vector<TrainReport>& log) {
  int64_t parameters = 0;
  for (const auto& [name, tensor] : Parameters(*run.learner)) {
    parameters += tensor.numel();
  }
  const std::string source = MakeJudge(run.config.data)->DataName();
  const std::string trained = log.empty() ? "there is no log of its training"
                                          : absl::StrFormat("trained for %d steps in %.1f minutes",
                                                            log.back().step, log.back().minutes);
  return absl::StrFormat("A model of %.2f million parameters for %s: %s.",
                         static_cast<double>(parameters) / 1e6, source, trained);
}

// How far a loss on unseen documents exceeds that on training documents; empty if one is missing.
std::string OverFit(const Metrics& metrics, const std::string& what, const std::string& loss) {
  const double unseen = ValueOf(metrics, loss), trained = ValueOf(metrics, "training_" + loss);
  if (!std::isfinite(unseen / trained)) {
    return "";
  }
  const double excess = unseen / trained - 1;
  const char* verdict = ValueOf(metrics, "count") < kFewDocuments ? "too few were read to judge"
                        : excess > kOverFit                       ? "it over-fits"
                                                                  : "it does not over-fit";
  return absl::StrFormat(
      "%s loss is %.3g on unseen documents and %.3g on training documents, a change of %+.0f %%: "
      "%s.",
      what, unseen, trained, 100 * excess, verdict);
}

void AddNumbers(const std::string& path, const Metrics& metrics, HtmlPage* page) {
  page->Heading("Numbers");
  if (metrics.empty()) {
    page->Paragraph(
        absl::StrCat("None were measured: tessera eval ", path, ", then the report again."));
    return;
  }
  for (const std::string& sentence :
       {OverFit(metrics, "Text", "text_nats"), OverFit(metrics, "Image", "image_loss")}) {
    if (!sentence.empty()) {
      page->Paragraph(sentence);
    }
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : metrics) {
    rows.push_back({name, std::isfinite(value) ? absl::StrFormat("%.4g", value) : "-"});
  }
  page->Table({"measure", "value"}, rows);
  page->Paragraph("Measures that begin with training_ are of documents that it was trained on.");
}

// The first and the last sample sheet, and some between at equal distances.
absl::Status AddSheets(const std::string& path, const Files& files, HtmlPage* page) {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, SheetsOf(path, files));
  const int64_t num = std::ssize(paths), shown = std::min(num, kSheets);
  std::vector<Figure> figures;
  for (int64_t i = 0; i < shown; ++i) {
    const std::string& sheet = paths[shown == 1 ? 0 : i * (num - 1) / (shown - 1)];
    ASSIGN_OR_RETURN(const std::string png, files.Read(sheet));
    figures.push_back(PngFigure(png, LastName(sheet.substr(0, sheet.size() - 4))));
  }
  if (!figures.empty()) {
    page->Heading("Sample sheets, while it trained");
    page->Figures(figures, kSheetColumn);
  }
  return absl::OkStatus();
}

// What training found in the data set, line by line.
absl::Status AddData(const std::string& path, const Files& files, HtmlPage* page) {
  const std::string account = JoinPath(path, kAccount);
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(account));
  if (kind != PathKind::kFile) {
    return absl::OkStatus();  // an earlier version wrote none
  }
  ASSIGN_OR_RETURN(const std::string text, files.Read(account));
  page->Heading("Data");
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    page->Paragraph(std::string(line));
  }
  return absl::OkStatus();
}

std::string Machine(const std::vector<TrainReport>& log, const Files& files) {
  const int threads = at::get_num_threads();
  std::string text = absl::StrFormat("The pictures here were drawn by %d thread%s of %s.", threads,
                                     threads == 1 ? "" : "s", Processor(files));
  if (!log.empty()) {
    absl::StrAppendFormat(&text, " Training read %.0f slots a second at its end.",
                          log.back().tokens_per_second);
  }
  return text;
}

}  // namespace

absl::Status WriteReport(const std::string& path, const Run& run,
                         const std::shared_ptr<const Files>& files) {
  ASSIGN_OR_RETURN(const std::vector<TrainReport> log, ReadLog(path, *files));
  ASSIGN_OR_RETURN(const Metrics metrics, ReadMetrics(path, *files));
  HtmlPage page(LastName(path));
  page.Paragraph(Summary(run, log));
  if (run.model != nullptr) {
    RETURN_IF_ERROR(AddShowcase(run, files, &page));
  }
  AddNumbers(path, metrics, &page);
  if (const std::vector<Figure> curves = Curves(log); !curves.empty()) {
    page.Heading("Training");
    page.Figures(curves, kPlotColumn);
  }
  RETURN_IF_ERROR(AddSheets(path, *files, &page));
  RETURN_IF_ERROR(AddData(path, *files, &page));
  page.Heading("Machine and settings");
  page.Paragraph(Machine(log, *files));
  page.Details("All settings", ToToml(run.config));
  return files->Write(JoinPath(path, "report.html"), page.Text());
}

}  // namespace tessera
