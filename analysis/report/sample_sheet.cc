#include "analysis/report/sample_sheet.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/measure/continue.h"
#include "analysis/measure/reconstructions.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "data/text/text_check.h"
#include "sequence/mixed_order.h"

namespace tessera {
namespace {

constexpr int64_t kPictures = 32, kColumns = 8, kMargin = 2, kSide = 96;

// Draws a picture for the first text of each of kPictures documents, and writes these texts to
// *captions, one a line.
absl::StatusOr<std::vector<Image>> DrawCaptions(const Run& run, const Dataset& dataset,
                                                const std::atomic<bool>* stop,
                                                std::string* captions) {
  std::vector<Document> prompts;
  const int64_t count = std::min(kPictures, dataset.size());
  for (int64_t i = 0; i < count; ++i) {  // spread out: neighbours in a folder are often alike
    ASSIGN_OR_RETURN(const Document document, dataset.Get(SpreadAt(dataset, i, count)));
    for (const Segment& segment : document.segments) {
      if (const std::string* text = AsText(segment)) {
        prompts.push_back({{*text}});
        absl::StrAppend(captions, OneLine(*text), "\n");
        break;
      }
    }
  }
  std::vector<Image> images = Draw(run, prompts, {.batch = kPictures, .stop = stop}).images;
  return stop != nullptr && *stop
             ? absl::StatusOr<std::vector<Image>>(absl::CancelledError("stopped while drawing"))
             : images;
}

}  // namespace

std::string SheetPath(const std::string& out, int64_t step) {
  return JoinPath(JoinPath(out, "samples"), absl::StrFormat("step-%06d.png", step));
}

absl::StatusOr<std::vector<std::string>> SheetsOf(const std::string& run, const Files& files) {
  const std::string folder = JoinPath(run, "samples");
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(folder));
  if (kind != PathKind::kFolder) {
    return std::vector<std::string>();
  }
  ASSIGN_OR_RETURN(std::vector<std::string> sheets, files.List(folder));
  std::erase_if(sheets, [](const std::string& name) {
    return !absl::StartsWith(name, "step-") || !absl::EndsWith(name, ".png");
  });
  // By step: "step-1000000" follows "step-999999".
  std::ranges::stable_sort(sheets, {}, &std::string::size);
  for (std::string& sheet : sheets) {
    sheet = JoinPath(folder, sheet);
  }
  return sheets;
}

absl::Status WriteSampleSheet(const Run& run, const Dataset& dataset, const SampleSheet& sheet,
                              const Files& files) {
  std::string captions;
  ASSIGN_OR_RETURN(const std::vector<Image> images,
                   run.model == nullptr ? Reconstructions(run, dataset, kPictures)
                   : run.config.generates_images()
                       ? DrawCaptions(run, dataset, sheet.stop, &captions)
                       : std::vector<Image>());
  if (images.empty()) {
    return absl::OkStatus();
  }
  const int64_t scale = std::max<int64_t>(1, kSide / images.front().width);
  const std::string folder = JoinPath(sheet.out, "samples");
  RETURN_IF_ERROR(files.MakeFolder(folder));
  if (!captions.empty()) {
    RETURN_IF_ERROR(files.Write(JoinPath(folder, "prompts.txt"), captions));
  }
  return files.Write(SheetPath(sheet.out, sheet.step),
                     EncodePng(ContactSheet(images, kColumns, kMargin, scale)));
}

}  // namespace tessera
