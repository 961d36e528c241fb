// A network that names the class of a picture, trained once on a data set whose captions are few
// and kept in a file: under its features pictures of several runs of that set are compared.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/measure/captioned.h"
#include "analysis/measure/features.h"

namespace tessera {

struct ClassNetworkOptions {
  int64_t pixels = 32;  // the sides of its pictures
  int64_t epochs = 8;
  std::function<void(const std::string& what, double share)> on_progress = {};
};

// Trains on the pictures, whose captions are the classes. Returns the bytes of a TorchScript file:
// forward maps f32 [N, 3, pixels, pixels] in [-1, 1] to features [N, 128], `classify` to logits
// [N, classes], and the attributes `classes` and `pixels` say what these are. A pure function of
// its arguments, but for how threads round.
absl::StatusOr<std::string> TrainClassNetwork(const std::vector<CaptionedPicture>& pictures,
                                              const ClassNetworkOptions& options);

// The share of the pictures whose caption the network names. A caption that is no class of it is
// never named.
double ShareRecognised(const FeatureNetwork& network,
                       const std::vector<CaptionedPicture>& pictures);

}  // namespace tessera
