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

// The first text of a document that begins with a text and then a picture; null for others.
const std::string* CaptionOf(const Document& document);

// The captioned pictures among `count` documents at most, spread evenly over the data set.
absl::StatusOr<std::vector<CaptionedPicture>> CaptionedPictures(const Dataset& dataset,
                                                                int64_t count);

// A picture of a document, the text that stands between it and the picture before it, and the
// document up to and with it.
struct PictureInPlace {
  Image picture;
  std::string text;
  Document up_to;
};
std::vector<PictureInPlace> PicturesInPlace(const Document& document);

// The captions in alphabetical order if there are few of them, each with many pictures, so that
// they are names of classes; else empty.
std::vector<std::string> ClassesOf(const std::vector<CaptionedPicture>& pictures);

// f32 [3, height, width] in [-1, 1].
torch::Tensor ImageTensor(const Image& image);

}  // namespace tessera
