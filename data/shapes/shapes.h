// The drawn data set: captioned pictures of one or two objects; stories of 2 to 4 pictures in which
// each text after the caption is an instruction on the last picture; and differences, two pictures
// and then the instruction that leads from the first to the second.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "data/shapes/scene.h"

namespace tessera {

enum class ShapesVariant { kCaptions, kStories, kDifferences };
constexpr auto EnumNames(ShapesVariant) { return std::array{"captions", "stories", "differences"}; }

struct ShapesConfig {
  ShapesVariant variant = ShapesVariant::kCaptions;
  int64_t count = 1000000;
  int64_t seed = 0;

  bool operator==(const ShapesConfig&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("variant", self.variant,
          "Documents are a text and its picture, stories of 2 to 4 such pairs, or two pictures and "
          "what leads from the first to the second.");
    visit("count", self.count,
          "An epoch has this many documents; each is drawn when it is asked for.");
    visit("seed", self.seed, "The drawn scenes depend on this seed.");
  }
};

// What is behind a document: texts[k] stands before the picture of scenes[k]; of differences
// texts[0] is left out and texts[1] stands behind both pictures.
struct Story {
  std::vector<std::string> texts;
  std::vector<Scene> scenes;
};

// Never drawn for kTrain or kTest, and the only scenes drawn for kHeldOut:
// - scenes with a blue triangle or a yellow cross;
// - scenes with two objects whose (colour, shape)s are one of the tenth of all pairs that a hash
//   picks, whatever their sizes, places and order.
// Every colour with every other shape, and every (colour, shape) in other company, is in kTrain.
bool IsHeldOut(const SceneDescription& scene);

// A pure function of its arguments.
Story DrawStory(const ShapesConfig& config, Split split, int64_t index);

// pixels: side of the pictures, 16 to 128.
absl::StatusOr<std::unique_ptr<Dataset>> MakeShapes(const ShapesConfig& config, Split split,
                                                    int64_t pixels);

}  // namespace tessera
