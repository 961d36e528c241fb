// Pictures and their captions, out of any data set; how near two pictures are.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace tessera {

struct CaptionedPicture {
  std::string caption;
  Image picture;
};

// Of at most `count` documents, spread evenly over the data set: those that begin with a text and
// then a picture.
absl::StatusOr<std::vector<CaptionedPicture>> CaptionedPictures(const Dataset& dataset,
                                                                int64_t count);

// The captions in alphabetical order if there are few of them, each with many pictures, so that
// they are names of classes; else empty.
std::vector<std::string> ClassesOf(const std::vector<CaptionedPicture>& pictures);

// f32 [3, height, width] in [-1, 1].
torch::Tensor ImageTensor(const Image& image);

}  // namespace tessera
