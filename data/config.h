// Which documents to train on, and how they are shown to the model.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/image/image.h"
#include "data/shapes/shapes.h"

namespace tessera {

enum class DataKind {
  kShapes,
  kImageFolder,
  kDocuments,
  kWebDataset,
  kParquet,
  kCoco,
  kObelics,
  kMmc4,
  kTsv,
  kText
};
constexpr auto EnumNames(DataKind) {
  return std::array{"shapes", "image_folder", "documents", "webdataset", "parquet",
                    "coco",   "obelics",      "mmc4",      "tsv",        "text"};
}

// Says whether each document is one picture and its caption.
constexpr bool HasCaptionedPictures(DataKind kind) {
  switch (kind) {
    case DataKind::kImageFolder:
    case DataKind::kWebDataset:
    case DataKind::kParquet:
    case DataKind::kCoco:
    case DataKind::kTsv:
      return true;
    case DataKind::kShapes:
    case DataKind::kDocuments:
    case DataKind::kObelics:
    case DataKind::kMmc4:
    case DataKind::kText:
      return false;
  }
  return false;
}

enum class OnError { kStop, kSkip };
constexpr auto EnumNames(OnError) { return std::array{"stop", "skip"}; }

// Stands for a picture's label in data.caption: the name of its folder or its class.
inline constexpr std::string_view kLabel = "{label}";

enum class LongDocuments { kCut, kSkip, kStop };
constexpr auto EnumNames(LongDocuments) { return std::array{"cut", "skip", "stop"}; }

// How a document is shown to the model when it comes by in training (sequence/augment.h).
struct PresentationConfig {
  double picture_first = 0.5;
  double drop_text = 0.1;
  double drop_images = 0;
  double noise_generated = 0.2;
  double noise_read = 0;
  double prompt_weight = 0.2;

  bool operator==(const PresentationConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("picture_first", self.picture_first,
          "This share of the captioned pictures comes before its text, not behind it.");
    visit("drop_text", self.drop_text,
          "A document hides its texts with this probability, which guidance on text needs.");
    visit("drop_images", self.drop_images,
          "A document hides its pictures but the last with this probability, which guidance on "
          "pictures needs.");
    visit("noise_generated", self.noise_generated,
          "The input pixels of a picture that follows text get noise of up to this standard "
          "deviation; input codes get none.");
    visit("noise_read", self.noise_read,
          "The input pixels of a picture that comes first get noise of up to this standard "
          "deviation.");
    visit("prompt_weight", self.prompt_weight,
          "Text that stands before any picture of its document counts this much in the loss.");
  }

  std::string Problem() const {
    const auto is_share = [](double value) { return value >= 0 && value <= 1; };
    if (!is_share(picture_first) || !is_share(drop_text) || !is_share(drop_images)) {
      return "picture_first, drop_text and drop_images must be from 0 to 1";
    }
    return noise_generated < 0 || noise_read < 0 || prompt_weight < 0
               ? "noise_generated, noise_read and prompt_weight must not be negative"
               : "";
  }
};

struct MixConfig;

struct DataConfig {
  DataKind kind = DataKind::kShapes;
  ShapesConfig shapes;
  std::string path;
  std::string picture_column;
  std::string text_column;
  std::string index;
  std::string caption = std::string(kLabel);
  OnError on_error = OnError::kStop;
  LongDocuments too_long = LongDocuments::kCut;
  double test_share = 0.05;
  int64_t max_pixels = 64'000'000;
  Fit fit = Fit::kCover;
  int64_t threads = 1;
  PresentationConfig show;
  std::vector<MixConfig> mix;

  bool operator==(const DataConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool files = self.kind != DataKind::kShapes || self.mixes();
    SetFields(self, visit);
    visit("on_error", self.on_error, "Bad data stops the program, or is skipped and listed.",
          files);
    visit("too_long", self.too_long,
          "Of a document that does not fit a row the texts are cut, or it is left out, or nothing "
          "begins.");
    visit("max_pixels", self.max_pixels,
          "A picture of more pixels is refused before it is decoded.", files);
    visit("fit", self.fit,
          "A picture is cropped to its grid's shape (cover), gets white borders (contain) or is "
          "distorted (stretch).");
    visit("threads", self.threads,
          "This many threads prepare batches; with 0 training waits for each.");
    visit("mix", self.mix, EntryOf(self),
          "Training mixes sets like this one by their weights; a key that a set does not name is "
          "that of [data].");
  }

  // The keys that a set of a mixture may have for itself. Those of a mixture are its sets'
  // defaults.
  template <class Self, class Visitor>
  static void SetFields(Self& self, Visitor& visit) {
    visit("kind", self.kind,
          "Documents are drawn shapes, or what this form of files holds: captioned pictures, "
          "interleaved texts and pictures, or texts.");
    visit("shapes", self.shapes, "These keys choose what is drawn.",
          self.kind == DataKind::kShapes || self.mixes());
    FileFields(self, visit);
    visit("show", self.show, "These keys choose how documents are shown to the model.", true,
          self.mixes() ? std::vector<std::string>() : self.IdleInShow());
  }

  // Says whether training reads the sets of `mix`.
  bool mixes() const;

  // The sets that training reads: those of the mixture, or this one alone.
  std::vector<DataConfig> Sets() const;

  std::string Problem() const;

  // What is wrong with the keys of one set.
  std::string SetProblem() const {
    if (!(test_share >= 0 && test_share <= 1)) {
      return "test_share must be from 0 to 1";
    }
    if (!caption.empty() && caption.find(kLabel) == caption.npos) {
      return "caption must contain {label}, which the label replaces, or be empty";
    }
    return threads < 0 || threads > 1024 || max_pixels < 1
               ? "threads must be from 0 to 1024, max_pixels at least 1"
               : "";
  }

  // Says whether documents may have a label in place of a text.
  bool HasLabels() const {
    return kind == DataKind::kImageFolder || kind == DataKind::kWebDataset ||
           kind == DataKind::kParquet;
  }

 private:
  // Where documents of files are, and what is read of them.
  template <class Self, class Visitor>
  static void FileFields(Self& self, Visitor& visit) {
    const bool files = self.kind != DataKind::kShapes || self.mixes();
    visit("path", self.path,
          "The data set is this folder, .tar, .tar.gz, .zip, picture or list; shards may be named "
          "as a-{000..127}.tar.",
          files);
    const bool columns =
        self.kind == DataKind::kParquet || self.kind == DataKind::kTsv || self.mixes();
    visit(
        "picture_column", self.picture_column,
        "The pictures are in this column; empty: in the one that has a usual name, such as image.",
        columns);
    visit("text_column", self.text_column,
          "The captions are in this column; empty: in the one that has a usual name, such as text.",
          columns);
    visit("index", self.index,
          "What the shards hold is kept in this file, so that later starts are quick; empty: they "
          "are looked through at each.",
          self.kind == DataKind::kWebDataset || self.mixes());
    visit("caption", self.caption,
          "The caption of pictures with labels and no text is this with the label for {label}; an "
          "empty one leaves them bare.",
          self.HasLabels() || self.mixes());
    visit("test_share", self.test_share,
          "Of the documents whose row names no split, this share is for tests, by a hash of the "
          "name.",
          files);
  }

  // What a set of the mixture begins as: this one.
  static MixConfig EntryOf(const DataConfig& data);

  // The keys of `show` that change no document of the data set.
  std::vector<std::string> IdleInShow() const {
    const bool files = kind != DataKind::kShapes;
    const bool stories = !files && shapes.variant == ShapesVariant::kStories;
    const bool differences = !files && shapes.variant == ShapesVariant::kDifferences;
    std::vector<std::string> idle;
    if (stories || differences) {
      idle.emplace_back("picture_first");
    }
    if (differences) {
      idle.insert(idle.end(), {"drop_text", "noise_generated", "prompt_weight"});
    }
    if (stories) {
      idle.emplace_back("noise_read");
    }
    if (HasCaptionedPictures(kind) || !(files || stories || differences)) {
      idle.emplace_back("drop_images");  // a document has one picture
    }
    if (kind == DataKind::kText) {
      idle.insert(idle.end(), {"picture_first", "drop_images", "noise_generated", "noise_read"});
    }
    return idle;
  }
};

// One set of a mixture.
struct MixConfig {
  std::string name;
  double weight = 1;
  DataConfig data = {};

  bool operator==(const MixConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("name", self.name, "The set is called this in logs and messages.");
    visit("weight", self.weight,
          "Of the documents that training reads, the set has this weight by the sum of all "
          "weights as its share.");
    DataConfig::SetFields(self.data, visit);
  }

  std::string Problem() const;
};

inline bool DataConfig::mixes() const { return !mix.empty(); }

inline MixConfig DataConfig::EntryOf(const DataConfig& data) {
  MixConfig entry{.name = "", .weight = 1, .data = data};
  entry.data.mix.clear();
  return entry;
}

}  // namespace tessera
