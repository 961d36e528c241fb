// Which documents to train on, and how they are shown to the model.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "data/image/image.h"
#include "data/shapes/shapes.h"

namespace tessera {

enum class DataKind { kShapes, kImageFolder, kDocuments };
constexpr auto EnumNames(DataKind) { return std::array{"shapes", "image_folder", "documents"}; }

enum class OnError { kStop, kSkip };
constexpr auto EnumNames(OnError) { return std::array{"stop", "skip"}; }

struct DataConfig {
  DataKind kind = DataKind::kShapes;
  ShapesConfig shapes;
  std::string path;
  OnError on_error = OnError::kStop;
  double test_share = 0.05;
  int64_t max_pixels = 64'000'000;
  Fit fit = Fit::kCover;
  double picture_first = 0.5;
  double drop_text = 0.1;
  double drop_images = 0;
  double noise_generated = 0.2;
  double noise_read = 0;
  double prompt_weight = 0.2;
  int64_t threads = 1;

  bool operator==(const DataConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool files = self.kind != DataKind::kShapes;
    const bool stories = !files && self.shapes.variant == ShapesVariant::kStories;
    const bool differences = !files && self.shapes.variant == ShapesVariant::kDifferences;
    const bool one_picture =
        self.kind == DataKind::kImageFolder || !(files || stories || differences);
    visit("kind", self.kind, "drawn shapes, pictures with captions, or interleaved documents");
    visit("shapes", self.shapes, "what is drawn", !files);
    visit("path", self.path, "of the folder, .tar, .tar.gz or .zip", files);
    visit("on_error", self.on_error, "what bad data does: stop, or skip and list it", files);
    visit("test_share", self.test_share,
          "of the documents whose row names no split, chosen by a hash of the name", files);
    visit("max_pixels", self.max_pixels,
          "of a picture; a larger one is refused before it is decoded", files);
    visit("fit", self.fit, "of a picture to its grid: crop, add white borders, or distort");
    visit("picture_first", self.picture_first,
          "share of the captioned pictures that are told picture first, then text",
          !stories && !differences);
    visit("drop_text", self.drop_text,
          "probability that a document hides its texts, which guidance on text needs",
          !differences);
    visit("drop_images", self.drop_images,
          "probability that a document hides its pictures, which guidance on pictures needs",
          !one_picture);
    visit("noise_generated", self.noise_generated,
          "largest noise on the input pixels of a picture that follows text; input codes gets none",
          !differences);
    visit("noise_read", self.noise_read,
          "largest noise on the input pixels of a picture that comes first", !stories);
    visit("prompt_weight", self.prompt_weight,
          "in the loss, of text that stands before any picture of its document", !differences);
    visit("threads", self.threads, "that prepare batches; 0: training waits for each");
  }
};

}  // namespace tessera
