// A small convolutional network that names the class of a picture: the judge of pictures drawn for
// the captions of a set whose captions are few, such as "the digit 7".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/measure/captioned.h"
#include "analysis/measure/continue.h"

namespace torch::nn {
class SequentialImpl;
}

namespace tessera {

class Classifier {
 public:
  // Learns classes[i] as i, from pictures that have one of these captions, made pixels x pixels. A
  // pure function of its arguments; takes seconds.
  Classifier(const std::vector<CaptionedPicture>& pictures, std::vector<std::string> classes,
             int64_t pixels);

  // The share of the pictures that it gives the class of their caption.
  double Accuracy(const std::vector<CaptionedPicture>& pictures) const;

 private:
  std::vector<std::string> classes_;
  int64_t pixels_;
  std::shared_ptr<torch::nn::SequentialImpl> layers_;
};

struct ClassScore {
  int64_t per_class = 0;     // pictures drawn
  double true_pictures = 0;  // of the test split: the share that the classifier recognises
  double drawn = 0;          // the share of drawn pictures that it recognises as their caption
  double seconds_per_picture = 0;
};

// Trains a classifier on `training`, and draws about options.count pictures for its classes.
ClassScore EvaluateClasses(const Run& run, const std::vector<CaptionedPicture>& training,
                           const std::vector<CaptionedPicture>& test,
                           const EvaluateOptions& options);

}  // namespace tessera
