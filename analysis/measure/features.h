// What the distribution metrics know of a picture: numbers that a network makes of it.
#pragma once

#include <torch/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/document.h"
#include "files/files.h"

namespace tessera {

struct FeatureNetwork {
  std::string name;    // as it begins the names of metrics
  int64_t pixels = 0;  // side of the pictures that it is given; 0: theirs
  // f32 [N, 3, height, width] in [-1, 1] -> [N, F]
  std::function<torch::Tensor(const torch::Tensor& picture_NCHW)> features;
  // These are there if the network names classes (analysis/measure/class_network.h).
  std::vector<std::string> classes = {};
  std::function<torch::Tensor(const torch::Tensor& picture_NCHW)> logits = {};  // [N, classes]
};

// "random64": a convolutional network of fixed random weights, 64 features of pictures of 32
// pixels. It has seen no data, so its distances mean the same for any data set, any run and on any
// machine; random embeddings tell sets apart where those trained on photographs do not apply
// (Naeem et al. 2020, "Reliable fidelity and diversity metrics"). Distances under it cannot be
// compared with published FID or KID, nor with those under any other network.
FeatureNetwork RandomFeatures();

// A TorchScript file whose module maps f32 [N, 3, pixels, pixels] to [N, F], or to [N, F, 1, 1].
// Named as the file is, without folder and ending. A module that takes the argument
// `return_features`, as the Inception network of published distances does, is asked for them and
// gets numbers from 0 to 255; any other gets numbers in [-1, 1]. With pixels = 0 the former gets
// pictures of their own size, since it resizes them itself, and the latter has 299, or what its
// attribute `pixels` says. One with `classes`, a list of texts, and a method `classify` names
// classes.
absl::StatusOr<FeatureNetwork> LoadFeatures(const std::string& path, int64_t pixels,
                                            const Files& files);

// [N, F] in double. Pictures are stretched to the network's size; if it has none, they must have
// one size among themselves.
torch::Tensor FeaturesOf(const FeatureNetwork& network, const std::vector<Image>& images);

// [N, classes] in double, of a network that names them.
torch::Tensor LogitsOf(const FeatureNetwork& network, const std::vector<Image>& images);

}  // namespace tessera
