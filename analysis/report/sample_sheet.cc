#include "analysis/report/sample_sheet.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/measure/continue.h"
#include "analysis/measure/reconstructions.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "data/text/text_check.h"

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
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i * dataset.size() / count));
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
  return files.Write(JoinPath(folder, absl::StrFormat("step-%06d.png", sheet.step)),
                     EncodePng(ContactSheet(images, kColumns, kMargin, scale)));
}

}  // namespace tessera
