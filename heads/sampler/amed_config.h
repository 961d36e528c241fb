// What can be chosen about the predictor of the amed sampler and its training.
#pragma once

#include <cstdint>
#include <string>

namespace tessera {

struct AmedConfig {
  int64_t features = 4;
  int64_t hidden = 128;
  double direction_range = .01;
  double time_range = 0;
  int64_t patches = 10'240;
  int64_t batch = 128;
  double lr = .005;
  int64_t teacher_points = 4;
  int64_t seed = 1;

  bool operator==(const AmedConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("features", self.features,
          "The predictor sees a patch as this many numbers; with 0 all patches step alike, "
          "whatever they show.");
    visit("hidden", self.hidden, "The layer before the features has this width.",
          self.features > 0);
    visit("direction_range", self.direction_range,
          "The length of a step may differ from 1 by this much, either way.");
    visit("time_range", self.time_range,
          "The noise level that the network reads may differ from the true one by this share.");
    visit("patches", self.patches, "The predictor learns from this many patches.");
    visit("batch", self.batch, "A step of the optimizer takes this many patches.");
    visit("lr", self.lr, "Adam has this learning rate.");
    visit("teacher_points", self.teacher_points,
          "The teacher, Heun's method, has this many more points in each interval.");
    visit("seed", self.seed, "The predictor's first weights and all noise depend on this seed.");
  }

  std::string Problem() const {
    if (features < 0 || hidden < 1 || batch < 1 || teacher_points < 0) {
      return "features and teacher_points must not be negative, hidden and batch at least 1";
    }
    if (direction_range < 0 || direction_range >= 1 || time_range < 0 || time_range >= 1) {
      return "direction_range and time_range must lie in [0, 1)";
    }
    return patches < batch || lr <= 0 ? "patches must be at least a batch, lr positive" : "";
  }
};

}  // namespace tessera
