// A picture u of objects with colours c_i on a background b is b + sum_i a_i (c_i - b), where no
// two coverages a_i overlap. Its squared distance to a picture is therefore that of the bare
// background plus a change for each object alone,
//   sum_p |u - b - a (c - b)|^2 - |u - b|^2 = |c - b|^2 sum a^2 - 2 (c - b) . (sum a u - b sum a),
// so that one pass over the pixels, for sum a u, serves all colours and backgrounds, and the
// nearest of all scenes is found exactly.
#include "data/shapes/scene_check.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "config/enum_names.h"
#include "config/status.h"
#include "ops/pixel_value.h"

namespace tessera {
namespace {

using Channels = std::array<double, 3>;
using Planes = std::array<std::vector<float>, 3>;

// Mean squared difference from the background, in a window as large as a small object, from which
// on something is there. A small cross of the colour nearest to its background has .17, noise of
// standard deviation 20/255 has .025.
constexpr double kStandsOut = 0.1;

template <class Enum>
std::vector<Enum> AllOf() {
  std::vector<Enum> values;
  for (size_t i = 0; i < EnumNames(Enum{}).size(); ++i) {
    values.push_back(static_cast<Enum>(i));
  }
  return values;
}

Channels Signed(const Rgb& rgb) {
  return {FromPixelValue<double>(rgb[0]), FromPixelValue<double>(rgb[1]),
          FromPixelValue<double>(rgb[2])};
}

// sum a u
Channels WeightedSum(const Planes& planes, int64_t pixels, const Coverage& cover) {
  float red = 0;
  float green = 0;
  float blue = 0;
  for (int64_t row = 0; row < cover.height; ++row) {
    const float* alpha = cover.alpha.data() + row * cover.width;
    const int64_t at = (cover.top + row) * pixels + cover.left;
    for (int64_t x = 0; x < cover.width; ++x) {
      red += alpha[x] * planes[0][at + x];
      green += alpha[x] * planes[1][at + x];
      blue += alpha[x] * planes[2][at + x];
    }
  }
  return {red, green, blue};
}

// Where the objects of a legal scene, or of none, can be.
std::vector<std::vector<Place>> Layouts() {
  std::vector<std::vector<Place>> layouts = {
      {}, {Place::kLeft, Place::kRight}, {Place::kTop, Place::kBottom}};
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
      sums[at + stride + 1] = values[y * pixels + x] + sums[at + 1] + sums[at + stride] - sums[at];
    }
  }
  double largest = 0;
  for (int64_t y = 0; y + side <= pixels; ++y) {
    for (int64_t x = 0; x + side <= pixels; ++x) {
      const int64_t above = y * stride + x;
      const int64_t below = above + side * stride;
      largest =
          std::max(largest, sums[below + side] - sums[below] - sums[above + side] + sums[above]);
    }
  }
  return largest / static_cast<double>(side * side);
}

}  // namespace

struct SceneChecker::Picture {
  Planes planes;                                    // in [-1, 1]
  std::array<double, kBackgrounds> bare;            // squared distance to each bare background
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
      picture.planes[c].push_back(static_cast<float>(FromPixelValue<double>(image.rgb[at])));
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
      picture.sums[place].push_back(WeightedSum(picture.planes, pixels_, drawn.cover));
    }
  }
  return picture;
}

// Over all objects at the place, or over the jitters of the described one.
SceneChecker::Match SceneChecker::MatchAt(const Picture& picture, Place place,
                                          Background background, const Object* described) const {
  const Channels ground = Signed(RgbOf(background));
  const auto& templates = templates_[static_cast<size_t>(place)];
  Match nearest;
  for (const Colour colour : described ? std::vector{described->colour} : AllOf<Colour>()) {
    const Channels paint = Signed(RgbOf(colour));
    for (size_t i = 0; i < templates.size(); ++i) {
      const Template& drawn = templates[i];
      if (described && (drawn.shape != described->shape || drawn.size != described->size)) {
        continue;
      }
      const Channels& sum = picture.sums[static_cast<size_t>(place)][i];
      double change = 0;
      for (size_t c = 0; c < 3; ++c) {
        const double step = paint[c] - ground[c];
        change += step * (step * drawn.sum_squares - 2 * (sum[c] - ground[c] * drawn.sum));
      }
      if (change < nearest.change) {
        nearest = {change, &drawn, colour};
      }
    }
  }
  return nearest;
}

SceneChecker::Nearest SceneChecker::NearestScene(const Picture& picture) const {
  Nearest nearest;
  for (const Background background : AllOf<Background>()) {
    std::array<Match, kPlaces> matches;
    for (const Place place : AllOf<Place>()) {
      matches[static_cast<size_t>(place)] = MatchAt(picture, place, background);
    }
    for (const std::vector<Place>& layout : Layouts()) {
      double squared = picture.bare[static_cast<size_t>(background)];
      for (const Place place : layout) {
        squared += matches[static_cast<size_t>(place)].change;
      }
      if (squared < nearest.squared) {
        nearest = {squared, background, layout, matches};
      }
    }
  }
  return nearest;
}

double SceneChecker::DescribedDistance(const Picture& picture,
                                       const SceneDescription& described) const {
  double least = std::numeric_limits<double>::infinity();
  for (const Background background : AllOf<Background>()) {
    double squared = picture.bare[static_cast<size_t>(background)];
    for (const Object& object : described.objects) {
      squared += MatchAt(picture, object.place, background, &object).change;
    }
    least = std::min(least, squared);
  }
  return std::max(0.0, least) / static_cast<double>(3 * pixels_ * pixels_);
}

bool SceneChecker::NothingBeside(const SceneDescription& described, const Picture& picture,
                                 const Nearest& nearest) const {
  const Channels ground = Signed(RgbOf(nearest.background));
  std::vector<double> difference(pixels_ * pixels_, 0.0);
  for (int64_t at = 0; at < pixels_ * pixels_; ++at) {
    for (size_t c = 0; c < 3; ++c) {
      const double step = picture.planes[c][at] - ground[c];
      difference[at] += step * step / 3;
    }
  }
  const int64_t blur = pixels_ / 16;  // what a blurred object may spill over its box
  for (const Object& object : described.objects) {
    const Coverage& cover = nearest.matches[static_cast<size_t>(object.place)].drawn->cover;
    const int64_t left = std::max<int64_t>(0, cover.left - blur);
    const int64_t right = std::min(pixels_, cover.left + cover.width + blur);
    const int64_t bottom = std::min(pixels_, cover.top + cover.height + blur);
    for (int64_t y = std::max<int64_t>(0, cover.top - blur); y < bottom; ++y) {
      std::fill(difference.begin() + y * pixels_ + left, difference.begin() + y * pixels_ + right,
                0.0);
    }
  }
  const auto side = static_cast<int64_t>(2 * Radius(Size::kSmall) * static_cast<double>(pixels_));
  return LargestWindowMean(difference, pixels_, side) < kStandsOut;
}

absl::StatusOr<SceneReading> SceneChecker::CheckScene(const Image& image,
                                                      const SceneDescription& described) const {
  ASSIGN_OR_RETURN(const Picture picture, Measure(image));
  const Nearest nearest = NearestScene(picture);
  SceneReading reading;
  std::vector<Place> places;
  for (const Object& object : described.objects) {
    const Match& match = nearest.matches[static_cast<size_t>(object.place)];
    reading.objects.push_back({.size = match.drawn->size == object.size,
                               .colour = match.colour == object.colour,
                               .shape = match.drawn->shape == object.shape});
    places.push_back(object.place);
  }
  reading.places = std::is_permutation(places.begin(), places.end(), nearest.layout.begin(),
                                       nearest.layout.end());
  reading.nothing_else = NothingBeside(described, picture, nearest);
  reading.distance = DescribedDistance(picture, described);
  return reading;
}

absl::StatusOr<std::optional<SceneDescription>> SceneChecker::ReadScene(const Image& image) const {
  ASSIGN_OR_RETURN(const Picture picture, Measure(image));
  const Nearest nearest = NearestScene(picture);
  std::optional<SceneDescription> scene;
  for (const Place place : nearest.layout) {
    const Match& match = nearest.matches[static_cast<size_t>(place)];
    if (!scene) {
      scene.emplace();
    }
    scene->objects.push_back({.size = match.drawn->size,
                              .colour = match.colour,
                              .shape = match.drawn->shape,
                              .place = place});
  }
  return scene;
}

}  // namespace tessera
