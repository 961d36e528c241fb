// The oracle of the drawn data set: reads shape, colour, size and place back from pixels by the
// nearest drawing over all jitters and backgrounds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "data/document.h"
#include "data/shapes/draw.h"
#include "data/shapes/scene.h"

namespace tessera {

// Which described attributes the object nearest to the pixels at its place has.
struct ObjectReading {
  bool size = false;
  bool colour = false;
  bool shape = false;

  bool right() const { return size && colour && shape; }
};

struct SceneReading {
  std::vector<ObjectReading> objects;  // in the order described
  bool places = false;  // the nearest scene of all has objects at the described places only
  bool nothing_else =
      false;            // beside the described objects nothing of a small object's size stands out
  double distance = 0;  // mean squared, of values in [-1, 1], to the nearest described drawing

  bool right() const;
};

// Holds every object of every place and jitter, drawn at one picture size. Its methods may run in
// several threads at once, and fail only if a picture is not pixels x pixels.
class SceneChecker {
 public:
  explicit SceneChecker(int64_t pixels);

  absl::StatusOr<SceneReading> CheckScene(const Image& image,
                                          const SceneDescription& described) const;

  // The scene whose drawing is nearest; none where the bare background is nearer than any.
  absl::StatusOr<std::optional<SceneDescription>> ReadScene(const Image& image) const;

 private:
  static constexpr size_t kPlaces = EnumNames(Place{}).size();
  static constexpr size_t kBackgrounds = EnumNames(Background{}).size();

  // What an object of one size, shape and jitter covers.
  struct Template {
    Size size;
    Shape shape;
    Coverage cover;
    double sum;          // of alpha
    double sum_squares;  // of alpha
  };
  struct Picture;
  struct Match;
  struct Nearest;

  absl::StatusOr<Picture> Measure(const Image& image) const;
  Match MatchAt(const Picture& picture, Place place, Background background,
                const Object* described = nullptr) const;
  Nearest NearestScene(const Picture& picture) const;
  double DescribedDistance(const Picture& picture, const SceneDescription& described) const;
  bool NothingBeside(const SceneDescription& described, const Picture& picture,
                     const Nearest& nearest) const;

  int64_t pixels_;
  std::array<std::vector<Template>, kPlaces> templates_;
};

}  // namespace tessera
