// The seam of judging: what can be asked of a run about the documents of its data set, and what is
// right. Measures, the report and the probe ask a Judge; none of them knows the kind of data.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/measure/continue.h"
#include "analysis/report/run_log.h"

namespace tessera {

struct Splits {
  std::shared_ptr<const Dataset> training;
  std::shared_ptr<const Dataset> test;
  std::shared_ptr<const Dataset> held_out;  // null if Judge::HoldsOut is false
};

// A text that the run should write behind a prompt.
struct Question {
  Document prompt;
  std::string answer;
};

// A property of each document's first picture, as classes that a probe can look for.
struct Label {
  std::string name;                  // "colour"
  std::vector<std::string> classes;  // "red", ...
  std::vector<int64_t> of_document;  // index of its class; -1 where the label says nothing
};

// The question about a captioned picture, whose answer is the caption; none for other documents.
std::optional<Question> CaptionQuestion(const Document& document);

class Judge {
 public:
  virtual ~Judge() = default;

  // The data set in a word or two: "drawn stories", or the path of its files.
  virtual std::string DataName() const = 0;

  // Whether the data set has combinations that are never trained (Split::kHeldOut).
  virtual bool HoldsOut() const = 0;

  // Whether documents have several pictures, so that a text behind the first tells the second.
  virtual bool TellsStories() const = 0;

  // Adds the measures of this kind of data, in the order in which `eval` prints them. The measures
  // that draw are left out for a run that does not learn to draw.
  virtual absl::Status AddMetrics(const Run& run, const Splits& splits,
                                  const EvaluateOptions& options, Metrics* metrics) const = 0;

  // The question that a document answers; none if its texts do not follow from its pictures.
  virtual std::optional<Question> QuestionOf(const Document& document) const = 0;

  // "right", or what the text should be.
  virtual std::string TextVerdict(const std::string& text, const std::string& truth) const;

  // "right", or what is wrong about a picture behind the texts of `before`; empty if pictures of
  // this data set cannot be judged one by one.
  virtual absl::StatusOr<std::string> PictureVerdict(const Image& image,
                                                     const Document& before) const = 0;

  virtual absl::StatusOr<std::vector<Label>> Labels(
      const std::vector<Document>& documents) const = 0;
};

std::unique_ptr<const Judge> MakeJudge(const DataConfig& config);

// The kinds. Drawn scenes are judged by the data set's own oracle (scene_judge.cc). Pictures of
// files, and those of a mixture, are judged by a classifier where captions are few, else by
// retrieval, and not at all where no document is a captioned picture (file_judge.cc).
std::unique_ptr<const Judge> MakeSceneJudge(ShapesVariant variant);
std::unique_ptr<const Judge> MakeFileJudge(const DataConfig& config);

}  // namespace tessera
