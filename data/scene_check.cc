// A picture u of objects with colours c_i on a background b is b + sum_i a_i (c_i - b), where no two
// coverages a_i overlap. Its squared distance to a picture is therefore that of the bare background
// plus a change for each object alone,
//   sum_p |u - b - a (c - b)|^2 - |u - b|^2 = |c - b|^2 sum a^2 - 2 (c - b) . (sum a u - b sum a),
// so that one pass over the pixels, for sum a u, serves all colours and backgrounds, and the nearest
// of all scenes is found exactly.
#include "data/scene_check.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "config/enum_names.h"
#include "config/status.h"

namespace tessera {
namespace {

using Channels = std::array<double, 3>;

// Of the mean squared difference from the background in a window as large as a small object. The
// object that differs least from its background leaves over .12 there, noise of 20/255 leaves .025.
constexpr double kStandsOut = 0.1;

template <class Enum>
std::vector<Enum> AllOf() {
  std::vector<Enum> values;
  for (size_t i = 0; i < EnumNames(Enum{}).size(); ++i) {
    values.push_back(static_cast<Enum>(i));
  }
  return values;
}

// From 0 .. 255 to -1 .. 1.
double Signed(uint8_t value) { return value / 127.5 - 1; }

Channels Signed(const Rgb& rgb) { return {Signed(rgb[0]), Signed(rgb[1]), Signed(rgb[2])}; }

// Where the objects of a legal scene, or of none, can be.
std::vector<std::vector<Place>> Layouts() {
  std::vector<std::vector<Place>> layouts = {{}, {Place::kLeft, Place::kRight},
                                             {Place::kTop, Place::kBottom}};
  for (const Place place : AllOf<Place>()) {
    layouts.push_back({place});
  }
  return layouts;
}

// The largest mean over windows of side x side in a picture of pixels x pixels.
double LargestWindowMean(const std::vector<double>& values, int64_t pixels, int64_t side) {
  const int64_t stride = pixels + 1;
  std::vector<double> sums(stride * stride, 0.0);  // of all values above and to the left
  for (int64_t y = 0; y < pixels; ++y) {
    for (int64_t x = 0; x < pixels; ++x) {
      const int64_t at = y * stride + x;
      sums[at + stride + 1] =
          values[y * pixels + x] + sums[at + 1] + sums[at + stride] - sums[at];
    }
  }
  double largest = 0;
  for (int64_t y = 0; y + side <= pixels; ++y) {
    for (int64_t x = 0; x + side <= pixels; ++x) {
      const int64_t above = y * stride + x;
      const int64_t below = above + side * stride;
      largest = std::max(largest, sums[below + side] - sums[below] - sums[above + side] + sums[above]);
    }
  }
  return largest / static_cast<double>(side * side);
}

}  // namespace

struct SceneChecker::Picture {
  std::array<std::vector<float>, 3> planes;  // in [-1, 1]
  std::array<double, kBackgrounds> bare;     // squared distance to each bare background
  std::array<std::vector<Channels>, kPlaces> sums;  // sum a u, for each template
};

// An object at some place, and how it changes the squared distance to the picture.
struct SceneChecker::Match {
  double change = std::numeric_limits<double>::infinity();
  const Template* drawn = nullptr;
  Colour colour = Colour::kRed;
};

// matches: the nearest object at each place on that background, whether the layout has it or not.
struct SceneChecker::Nearest {
  double squared = std::numeric_limits<double>::infinity();
  Background background = Background::kGrey;
  std::vector<Place> layout;
  std::array<Match, kPlaces> matches;
};

bool SceneReading::right() const {
  return places && nothing_else &&
         std::all_of(objects.begin(), objects.end(),
                     [](const ObjectReading& object) { return object.right(); });
}

SceneChecker::SceneChecker(int64_t pixels) : pixels_(pixels) {
  for (const Place place : AllOf<Place>()) {
    for (const Size size : AllOf<Size>()) {
      for (const Shape shape : AllOf<Shape>()) {
        for (int x = -Jitter::kMax; x <= Jitter::kMax; ++x) {
          for (int y = -Jitter::kMax; y <= Jitter::kMax; ++y) {
            Coverage cover = Cover({.size = size, .shape = shape, .place = place}, {x, y}, pixels);
            const auto& alpha = cover.alpha;
            const double sum = std::accumulate(alpha.begin(), alpha.end(), 0.0);
            const double squares =
                std::inner_product(alpha.begin(), alpha.end(), alpha.begin(), 0.0);
            templates_[static_cast<size_t>(place)].push_back(
                {size, shape, std::move(cover), sum, squares});
          }
        }
      }
    }
  }
}

absl::StatusOr<SceneChecker::Picture> SceneChecker::Measure(const Image& image) const {
  if (image.height != pixels_ || image.width != pixels_) {
    return absl::InvalidArgumentError(absl::StrCat("a picture of ", image.height, "x", image.width,
                                                   " cannot be read as a scene of ", pixels_, "x",
                                                   pixels_));
  }
  Picture picture;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t at = c; at < image.rgb.size(); at += 3) {
      picture.planes[c].push_back(static_cast<float>(Signed(image.rgb[at])));
    }
  }
  for (const Background background : AllOf<Background>()) {
    const Channels ground = Signed(RgbOf(background));
    double& squared = picture.bare[static_cast<size_t>(background)] = 0;
    for (size_t c = 0; c < 3; ++c) {
      for (const float value : picture.planes[c]) {
        squared += (value - ground[c]) * (value - ground[c]);
      }
    }
  }
  for (size_t place = 0; place < kPlaces; ++place) {
    for (const Template& drawn : templates_[place]) {
      picture.sums[place].push_back(Sum(drawn.cover, picture));
    }
  }
  return picture;
}

}  // namespace tessera
