#include "data/shapes/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/data/shapes/all_scenes.h"

namespace tessera {
namespace {

constexpr int64_t kSides[] = {16, 32, 48, 64, 128};
constexpr Jitter kExtremes[] = {{-Jitter::kMax, -Jitter::kMax},
                                {-Jitter::kMax, Jitter::kMax},
                                {Jitter::kMax, -Jitter::kMax},
                                {Jitter::kMax, Jitter::kMax}};

double Area(const Coverage& cover) {
  return std::accumulate(cover.alpha.begin(), cover.alpha.end(), 0.0);
}

TEST(Draw, GivesTheSamePictureEachTime) {
  const Scene scene{.described = *ParseCaption("a small red circle left of a large blue square"),
                    .background = Background::kSand,
                    .jitter = {{1, 2}, {-2, 0}}};
  EXPECT_EQ(Draw(scene, 32), Draw(scene, 32));
}

TEST(Draw, PaintsObjectAndBackgroundInTheirColours) {
  const Scene scene{.described = *ParseCaption("a large blue square in the middle"),
                    .background = Background::kSand,
                    .jitter = {{0, 0}}};
  const Image image = Draw(scene, 32);
  const auto at = [&](int64_t y, int64_t x) {
    const uint8_t* value = &image.rgb[(y * 32 + x) * 3];
    return Rgb{value[0], value[1], value[2]};
  };
  EXPECT_EQ(at(0, 0), RgbOf(Background::kSand));
  EXPECT_EQ(at(16, 16), RgbOf(Colour::kBlue));
}

TEST(Draw, MovesAnObjectByWholePixelsOfAPictureOf32) {
  const auto draw = [](Jitter jitter) {
    return Draw({*ParseCaption("a small pink triangle in the middle"), Background::kGrey, {jitter}},
                32);
  };
  Image still = draw({0, 0});
  std::rotate(still.rgb.rbegin(), still.rgb.rbegin() + (32 + 2) * 3, still.rgb.rend());
  EXPECT_EQ(draw({2, 1}), still);
}

TEST(Cover, StaysInsideThePictureAtEverySize) {
  for (const int64_t side : kSides) {
    for (const Place place : AllOf<Place>()) {
      for (const Object& object : AllObjectsAt(place)) {
        for (const Jitter jitter : kExtremes) {
          const Coverage cover = Cover(object, jitter, side);
          EXPECT_GE(std::min(cover.top, cover.left), 0);
          EXPECT_LE(std::max(cover.top + cover.height, cover.left + cover.width), side);
        }
      }
    }
  }
}

TEST(Cover, OfTwoLargeObjectsNeverOverlaps) {
  for (const int64_t side : kSides) {
    for (const Jitter jitter : kExtremes) {
      const Jitter other{-jitter.x, -jitter.y};
      const auto cover = [&](Place place, Jitter moved) {
        return Cover({.size = Size::kLarge, .place = place}, moved, side);
      };
      const Coverage left = cover(Place::kLeft, jitter);
      EXPECT_LE(left.left + left.width, cover(Place::kRight, other).left);
      const Coverage top = cover(Place::kTop, jitter);
      EXPECT_LE(top.top + top.height, cover(Place::kBottom, other).top);
    }
  }
}

TEST(Cover, HasTheAreaOfTheShapeAtEverySize) {
  for (const int64_t side : kSides) {
    for (const Size size : AllOf<Size>()) {
      const double square = Radius(size) * Radius(size) * static_cast<double>(side * side);
      const auto area = [&](Shape shape) {
        return Area(Cover({.size = size, .shape = shape}, {}, side)) / square;
      };
      EXPECT_NEAR(area(Shape::kCircle), 3.14, 0.2);
      EXPECT_NEAR(area(Shape::kSquare), 4 * 0.93 * 0.93, 0.2);
      EXPECT_NEAR(area(Shape::kTriangle), 1.85, 0.2);
      EXPECT_NEAR(area(Shape::kCross), 4 * 0.34 * (2 - 0.34), 0.2);
    }
  }
}

TEST(RgbOf, KeepsColoursApartFromEachOtherAndFromBackgrounds) {
  std::vector<Rgb> others;
  for (const Background background : AllOf<Background>()) {
    others.push_back(RgbOf(background));
  }
  for (const Colour colour : AllOf<Colour>()) {
    const Rgb rgb = RgbOf(colour);
    for (const Rgb& other : others) {
      double squared = 0;
      for (size_t c = 0; c < 3; ++c) {
        squared += (rgb[c] - other[c]) * (rgb[c] - other[c]);
      }
      EXPECT_GE(squared, 120 * 120);
    }
    others.push_back(rgb);
  }
}

}  // namespace
}  // namespace tessera
