#include "data/shapes/draw.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace tessera {
namespace {

// Each pixel is drawn as kFine x kFine points, of which an object covers some or all.
constexpr int kFine = 8;
constexpr int kFractionBits = 4;  // of OpenCV's fixed-point coordinates

struct Centre {
  double x;
  double y;
};

// As a share of the picture.
Centre CentreOf(Place place) {
  switch (place) {
    case Place::kLeft:
      return {0.25, 0.5};
    case Place::kRight:
      return {0.75, 0.5};
    case Place::kTop:
      return {0.5, 0.25};
    case Place::kBottom:
      return {0.5, 0.75};
    case Place::kMiddle:
      return {0.5, 0.5};
  }
  return {};
}

// Corners in units of the radius, y down.
std::vector<cv::Point2d> Corners(Shape shape) {
  constexpr double kSide = 0.93;  // half of the square's
  constexpr double kArm = 0.34;   // half the width of the cross's
  switch (shape) {
    case Shape::kCircle:
      return {};
    case Shape::kSquare:
      return {{-kSide, -kSide}, {kSide, -kSide}, {kSide, kSide}, {-kSide, kSide}};
    case Shape::kTriangle:
      return {{0, -1}, {1, 0.85}, {-1, 0.85}};
    case Shape::kCross:
      return {{-kArm, -1}, {kArm, -1}, {kArm, -kArm}, {1, -kArm}, {1, kArm},   {kArm, kArm},
              {kArm, 1},   {-kArm, 1}, {-kArm, kArm}, {-1, kArm}, {-1, -kArm}, {-kArm, -kArm}};
  }
  return {};
}

// centre and radius in fine points, from the upper left corner of the mask.
void FillShape(cv::Mat& mask, Shape shape, cv::Point2d centre, double radius) {
  // OpenCV's x = 0 is the middle of a point, and it fills the points under the outline too: half a
  // point on each side.
  const auto fixed = [](double x) { return cvRound(x * (1 << kFractionBits)); };
  const cv::Point2d origin = centre - cv::Point2d(0.5, 0.5);
  if (shape == Shape::kCircle) {
    cv::circle(mask, {fixed(origin.x), fixed(origin.y)}, fixed(radius - 0.5), 255, cv::FILLED,
               cv::LINE_8, kFractionBits);
    return;
  }
  std::vector<cv::Point> corners;
  for (const cv::Point2d& corner : Corners(shape)) {
    const cv::Point2d fine = origin + corner * (radius - 0.5);
    corners.emplace_back(fixed(fine.x), fixed(fine.y));
  }
  cv::fillPoly(mask, std::vector{corners}, 255, cv::LINE_8, kFractionBits);
}

}  // namespace

Rgb RgbOf(Colour colour) {
  switch (colour) {
    case Colour::kRed:
      return {225, 35, 40};
    case Colour::kGreen:
      return {30, 180, 50};
    case Colour::kBlue:
      return {40, 60, 230};
    case Colour::kYellow:
      return {255, 225, 30};
    case Colour::kCyan:
      return {40, 215, 235};
    case Colour::kPink:
      return {255, 75, 205};
    case Colour::kWhite:
      return {252, 252, 252};
    case Colour::kBlack:
      return {15, 15, 15};
  }
  return {};
}

Rgb RgbOf(Background background) {
  switch (background) {
    case Background::kSlate:
      return {88, 98, 118};
    case Background::kGrey:
      return {146, 146, 146};
    case Background::kSand:
      return {198, 178, 144};
  }
  return {};
}

// Two large objects at opposite places, each as near as its jitter lets it, are 1/57 apart.
double Radius(Size size) {
  switch (size) {
    case Size::kSmall:
      return 0.135;
    case Size::kLarge:
      return 0.21;
  }
  return 0;
}

Coverage Cover(const Object& object, Jitter jitter, int64_t pixels) {
  const double scale = static_cast<double>(pixels);
  const Centre centre = CentreOf(object.place);
  const double x = (centre.x + jitter.x / 32.0) * scale;
  const double y = (centre.y + jitter.y / 32.0) * scale;
  const double radius = Radius(object.size) * scale;
  Coverage cover{.top = std::lround(std::floor(y - radius)),
                 .left = std::lround(std::floor(x - radius)),
                 .height = 0,
                 .width = 0,
                 .alpha = {}};
  cover.height = std::lround(std::ceil(y + radius)) - cover.top;
  cover.width = std::lround(std::ceil(x + radius)) - cover.left;

  cv::Mat mask = cv::Mat::zeros(static_cast<int>(cover.height) * kFine,
                                static_cast<int>(cover.width) * kFine, CV_8UC1);
  const cv::Point2d corner(static_cast<double>(cover.left), static_cast<double>(cover.top));
  FillShape(mask, object.shape, (cv::Point2d(x, y) - corner) * kFine, radius * kFine);
  cv::Mat alpha;
  cv::resize(mask, alpha, {static_cast<int>(cover.width), static_cast<int>(cover.height)}, 0, 0,
             cv::INTER_AREA);
  alpha.convertTo(alpha, CV_32F, 1.0 / 255);
  cover.alpha.assign(alpha.begin<float>(), alpha.end<float>());
  return cover;
}

Image Draw(const Scene& scene, int64_t pixels) {
  Image image{.height = pixels, .width = pixels, .rgb = {}};
  const Rgb ground = RgbOf(scene.background);
  for (int64_t i = 0; i < pixels * pixels; ++i) {
    image.rgb.insert(image.rgb.end(), ground.begin(), ground.end());
  }
  for (size_t i = 0; i < scene.described.objects.size(); ++i) {
    const Object& object = scene.described.objects[i];
    const Coverage cover = Cover(object, scene.jitter[i], pixels);
    const Rgb colour = RgbOf(object.colour);
    for (int64_t at = 0; at < cover.height * cover.width; ++at) {
      const int64_t y = cover.top + at / cover.width;
      const int64_t x = cover.left + at % cover.width;
      for (size_t c = 0; c < colour.size(); ++c) {
        uint8_t& value = image.rgb[(y * pixels + x) * 3 + c];
        value = std::lround(value + cover.alpha[at] * (colour[c] - value));
      }
    }
  }
  return image;
}

}  // namespace tessera
