#include "study/report.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/image_io.h"
#include "infer/generator.h"
#include "study/curves.h"
#include "study/run_records.h"

namespace tessera {
namespace {

constexpr int64_t kDrawn = 12, kRead = 8, kSheets = 5;
constexpr int64_t kPlotColumn = 380, kSheetColumn = 480, kPictureColumn = 130;  // pixels

struct Continued {
  std::vector<Document> documents;
  double seconds = 0;  // a document
};

// Of each document of the test split, its first segment of the kind asked for: text or picture.
template <class Kind>
absl::StatusOr<std::vector<Document>> Prompts(const Dataset& dataset, int64_t count) {
  std::vector<Document> prompts;
  for (int64_t i = 0; i < std::min(count, dataset.size()); ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i));
    const auto segment = std::ranges::find_if(
        document.segments, [](const Segment& s) { return std::holds_alternative<Kind>(s); });
    if (segment != document.segments.end()) {
      prompts.push_back({{*segment}});
    }
  }
  return prompts;
}

Continued Continue(const Run& run, std::vector<Document> prompts, Until until) {
  if (prompts.empty()) {
    return {};
  }
  GenerateConfig config = run.config.generate;
  if (until == Until::kText) {
    config.text_temperature = 0;
  }
  GenerateRequest request;
  request.prompts = std::move(prompts);
  request.until = until;
  const auto start = std::chrono::steady_clock::now();
  Continued continued;
  continued.documents = Generate(*run.model, run.tokenizer, run.layout, config, request);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  continued.seconds = seconds.count() / static_cast<double>(continued.documents.size());
  return continued;
}

// One figure a picture, under it the texts that stand on the given side of it.
std::vector<Figure> PictureFigures(const Document& document, bool text_first) {
  std::vector<Figure> figures;
  std::string before;
  for (const Segment& segment : document.segments) {
    if (const Image* image = AsImage(segment)) {
      figures.push_back(PngFigure(EncodePng(*image), text_first ? before : ""));
      before.clear();
    } else if (text_first) {
      before = *AsText(segment);
    } else if (!figures.empty()) {
      figures.back().caption = *AsText(segment);
    }
  }
  return figures;
}

void AddPictures(const Continued& continued, bool text_first, HtmlPage* page) {
  std::vector<Figure> figures;
  for (const Document& document : continued.documents) {
    std::ranges::move(PictureFigures(document, text_first), std::back_inserter(figures));
  }
  page->Figures(figures, kPictureColumn);
}

std::string Summary(const Run& run, const std::vector<TrainReport>& log) {
  int64_t parameters = 0;
  for (const auto& [name, tensor] : Parameters(*run.model)) {
    parameters += tensor.numel();
  }
  const DataConfig& data = run.config.data;
  const std::string source = data.kind == DataKind::kShapes
                                 ? "drawn " + std::string(EnumName(data.shapes.variant))
                                 : data.path;
  const std::string trained = log.empty() ? "there is no log of its training"
                                          : absl::StrFormat("trained for %d steps in %.1f minutes",
                                                            log.back().step, log.back().minutes);
  return absl::StrFormat("A model of %.2f million parameters for %s: %s.",
                         static_cast<double>(parameters) / 1e6, source, trained);
}

void AddNumbers(const Metrics& metrics, double seconds_per_picture, HtmlPage* page) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : metrics) {
    rows.push_back({name, absl::StrFormat("%.4g", value)});
  }
  if (seconds_per_picture > 0) {
    rows.push_back({absl::StrCat("seconds a picture, ", kDrawn, " at a time"),
                    absl::StrFormat("%.3g", seconds_per_picture)});
  }
  if (!rows.empty()) {
    page->Heading("Numbers");
    page->Table({"measure", "value"}, rows);
  }
}

// The first and the last sample sheet, and some between at equal distances.
absl::Status AddSheets(const std::string& path, const Files& files, HtmlPage* page) {
  const std::string folder = JoinPath(path, "samples");
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(folder));
  if (kind != PathKind::kFolder) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::vector<std::string> names, files.List(folder));
  std::erase_if(names, [](const std::string& name) {
    return !absl::StartsWith(name, "step-") || !absl::EndsWith(name, ".png");
  });
  // By step: "step-1000000" follows "step-999999".
  std::ranges::stable_sort(names, {}, &std::string::size);
  const int64_t num = std::ssize(names), shown = std::min(num, kSheets);
  std::vector<Figure> figures;
  for (int64_t i = 0; i < shown; ++i) {
    const std::string& name = names[shown == 1 ? 0 : i * (num - 1) / (shown - 1)];
    ASSIGN_OR_RETURN(const std::string png, files.Read(JoinPath(folder, name)));
    figures.push_back(PngFigure(png, name.substr(0, name.size() - 4)));
  }
  if (!figures.empty()) {
    page->Heading("The same captions, drawn again and again");
    page->Figures(figures, kSheetColumn);
  }
  return absl::OkStatus();
}

// One whole document that the model tells from a caption on.
void AddStory(const Run& run, const Document& caption, HtmlPage* page) {
  const Document story = Continue(run, {caption}, Until::kEnd).documents.front();
  page->Heading("A whole document, from its first text on");
  page->Figures(PictureFigures(story, /*text_first=*/true), kPictureColumn);
  if (const std::string* text = AsText(story.segments.back())) {
    page->Paragraph(*text);
  }
}

// "shapes" of "runs/shapes/".
std::string LastName(std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  return path.substr(path.rfind('/') + 1);
}

bool HasLongDocuments(const DataConfig& data) {
  return data.kind == DataKind::kShapes ? data.shapes.variant == ShapesVariant::kStories
                                        : data.kind == DataKind::kDocuments;
}

// As /proc/cpuinfo names it, which not every processor is.
std::string Processor(const Files& files) {
  const std::string text = files.Read("/proc/cpuinfo").value_or("");
  const size_t name = text.find("model name");
  const size_t begin = text.find(": ", std::min(name, text.size()));
  return begin == std::string::npos ? "an unnamed processor"
                                    : text.substr(begin + 2, text.find('\n', begin) - begin - 2);
}

std::string Machine(const std::vector<TrainReport>& log, const Files& files) {
  std::string text = absl::StrFormat("The pictures here were drawn by %d threads of %s.",
                                     at::get_num_threads(), Processor(files));
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
  ASSIGN_OR_RETURN(const auto test, OpenDataset(run.config, Split::kTest, files));
  ASSIGN_OR_RETURN(const std::vector<Document> captions, Prompts<std::string>(*test, kDrawn));
  ASSIGN_OR_RETURN(const std::vector<Document> pictures, Prompts<Image>(*test, kRead));
  const Continued drawn = Continue(run, captions, Until::kImage);

  HtmlPage page(LastName(path));
  page.Paragraph(Summary(run, log));
  AddNumbers(metrics, drawn.seconds, &page);
  if (const std::vector<Figure> curves = Curves(log); !curves.empty()) {
    page.Heading("Training");
    page.Figures(curves, kPlotColumn);
  }
  RETURN_IF_ERROR(AddSheets(path, *files, &page));
  if (!captions.empty()) {
    page.Heading("Drawn for captions of the test set");
    AddPictures(drawn, /*text_first=*/true, &page);
  }
  if (!pictures.empty()) {
    page.Heading("Written for pictures of the test set");
    AddPictures(Continue(run, pictures, Until::kText), /*text_first=*/false, &page);
  }
  if (HasLongDocuments(run.config.data) && !captions.empty()) {
    AddStory(run, captions.front(), &page);
  }
  page.Heading("Machine and settings");
  page.Paragraph(Machine(log, *files));
  page.Details("All settings", ToToml(run.config));
  return files->Write(JoinPath(path, "report.html"), page.Text());
}

}  // namespace tessera
