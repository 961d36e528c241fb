#include "data/image/image_io.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

// The picture behind every file of tests/data/files: red grows to the right, green downwards, blue
// along both. The files with alpha hide the first six rows and half of the seventh.
constexpr int64_t kHeight = 12, kWidth = 16;

Image Gradient() {
  Image image{kHeight, kWidth, {}};
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      for (const int64_t value : {x * 255 / (kWidth - 1), y * 255 / (kHeight - 1),
                                  (x + y) * 255 / (kHeight + kWidth - 2)}) {
        image.rgb.push_back(static_cast<uint8_t>(value));
      }
    }
  }
  return image;
}

Image GradientOverWhite() {
  Image image = Gradient();
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    const size_t y = i / (3 * kWidth);
    const int alpha = y < 6 ? 0 : y == 6 ? 128 : 255;
    image.rgb[i] =
        static_cast<uint8_t>(std::lround((image.rgb[i] * alpha + 255 * (255 - alpha)) / 255.));
  }
  return image;
}

Image RedOnly(Image image) {
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = image.rgb[i - i % 3];
  }
  return image;
}

Image Turned(const Image& image, auto&& from) {  // quarter turns: (y, x) comes from from(y, x)
  Image turned{image.width, image.height, {}};
  for (int64_t y = 0; y < turned.height; ++y) {
    for (int64_t x = 0; x < turned.width; ++x) {
      const auto [source_y, source_x] = from(y, x);
      for (int64_t c = 0; c < 3; ++c) {
        turned.rgb.push_back(
            image.rgb[static_cast<size_t>((source_y * image.width + source_x) * 3 + c)]);
      }
    }
  }
  return turned;
}

Image Filled(int64_t height, int64_t width, uint8_t value) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3), value)};
}

Image Decoded(std::string_view name) {
  absl::StatusOr<Image> image = DecodeImage(TestFile(name));
  EXPECT_TRUE(image.ok()) << name << ": " << image.status();
  return image.ok() ? *image : Image();
}

void ExpectNear(const Image& a, const Image& b, int tolerance, std::string_view name) {
  ASSERT_EQ(a.height, b.height) << name;
  ASSERT_EQ(a.width, b.width) << name;
  for (size_t i = 0; i < a.rgb.size(); ++i) {
    ASSERT_LE(std::abs(a.rgb[i] - b.rgb[i]), tolerance) << name << " at " << i;
  }
}

TEST(DecodeImage, ReadsLosslessFormatsExactly) {
  for (const char* name : {"rgb16.png", "iccp.png", "l.webp", "rgb.bmp", "tiff_lzw.tif"}) {
    EXPECT_EQ(Decoded(name), Gradient()) << name;
  }
}

TEST(DecodeImage, ReadsJpegsOfAllKinds) {
  for (const char* name : {"prog.jpg", "cmyk.jpg"}) {
    ExpectNear(Decoded(name), Gradient(), 8, name);
  }
  ExpectNear(Decoded("grey.jpg"), RedOnly(Gradient()), 8, "grey.jpg");
}

TEST(DecodeImage, ReadsGreyAndPaletteAsRgb) {
  for (const char* name : {"grey16.png", "grey16.tif"}) {
    EXPECT_EQ(Decoded(name), RedOnly(Gradient())) << name;
  }
  EXPECT_EQ(Decoded("palette.png"), Decoded("pal.bmp"));
  ExpectNear(Decoded("palette.png"), Gradient(), 80, "palette.png");  // 16 colours
}

TEST(DecodeImage, PutsAlphaOverWhite) {
  for (const char* name : {"rgba.png", "rgba16.png", "a.webp", "rgba.tif"}) {
    ExpectNear(Decoded(name), GradientOverWhite(), 1, name);
  }
  ExpectNear(Decoded("la.png"), RedOnly(GradientOverWhite()), 1, "la.png");
  ExpectNear(Decoded("ay.webp"), GradientOverWhite(), 32, "ay.webp");
  const Image palette = Decoded("palette_alpha.png");
  EXPECT_EQ((std::vector<uint8_t>(palette.rgb.begin(), palette.rgb.begin() + 3 * 6 * kWidth)),
            Filled(6, kWidth, 255).rgb);
}

TEST(DecodeImage, AppliesTheExifOrientation) {
  const auto clockwise = [](int64_t y, int64_t x) { return std::pair(kHeight - 1 - x, y); };
  const auto counter = [](int64_t y, int64_t x) { return std::pair(x, kWidth - 1 - y); };
  const auto transposed = [](int64_t y, int64_t x) { return std::pair(x, y); };
  ExpectNear(Decoded("exif6.jpg"), Turned(Gradient(), clockwise), 8, "exif6.jpg");
  ExpectNear(Decoded("exif8.jpg"), Turned(Gradient(), counter), 8, "exif8.jpg");
  EXPECT_EQ(Decoded("exif6.tif"), Turned(Gradient(), clockwise));
  EXPECT_EQ(Decoded("exif5.png"), Turned(Gradient(), transposed));
  Image upside_down = Gradient();
  for (size_t i = 0; i < upside_down.rgb.size(); ++i) {
    upside_down.rgb[i] = Gradient().rgb[upside_down.rgb.size() - 3 - i + 2 * (i % 3)];
  }
  EXPECT_EQ(Decoded("exif3.webp"), upside_down);
}

TEST(DecodeImage, RefusesEveryTruncation) {
  for (const char* name : {"rgb16.png", "palette_alpha.png", "prog.jpg", "cmyk.jpg", "l.webp",
                           "ay.webp", "rgb.bmp", "pal.bmp", "tiff_lzw.tif"}) {
    const std::string whole = TestFile(name);
    for (size_t size = 0; size < whole.size(); ++size) {
      ASSERT_FALSE(DecodeImage(whole.substr(0, size)).ok()) << name << " cut to " << size;
    }
  }
  EXPECT_EQ(DecodeImage("").status().message(), "an empty file");
  EXPECT_EQ(DecodeImage(TestFile("prog.jpg").substr(0, 400)).status().message(),
            "a truncated JPEG");
}

TEST(DecodeImage, FindsADamagedPngByItsChecksums) {
  std::string bytes = TestFile("rgb16.png");
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "a damaged PNG: IDAT: ", std::string(DecodeImage(bytes).status().message()));
}

TEST(DecodeImage, WritesNothingToTheTerminalWhateverTheDamage) {
  int64_t num_refused = 0;
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  for (const char* name :
       {"rgb16.png", "palette_alpha.png", "prog.jpg", "cmyk.jpg", "exif6.jpg", "l.webp", "ay.webp",
        "exif3.webp", "rgb.bmp", "pal.bmp", "tiff_lzw.tif", "rgba.tif", "exif6.tif"}) {
    const std::string whole = TestFile(name);
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const char flip : {'\x01', '\xFF'}) {
        std::string damaged = whole;
        damaged[at] ^= flip;
        num_refused += !DecodeImage(damaged, 1'000'000).ok();
      }
      num_refused += !DecodeImage(whole.substr(0, at) + std::string(whole.size() - at, '\0')).ok();
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(num_refused, 10000);
}

TEST(DecodeImage, RefusesOtherFormatsByName) {
  using std::string_literals::operator""s;
  const std::pair<std::string, std::string> others[] = {
      {"GIF89a\1\0\1\0"s, "a GIF"},
      {"\0\0\0\x1C"s + "ftypavif", "an AVIF"},
      {"\0\0\0\x18"s + "ftypheic", "an HEIC"},
      {"<?xml version=\"1.0\"?><svg/>", "an SVG"},
      {"8BPS\0\1"s, "a Photoshop file"},
      {"P6\n1 1\n255\nabc", "a PNM"},
      {"<!DOCTYPE html><html>Not found", "a web page"},
      {"<?xml version=\"1.0\"?><Error/>", "an XML text, such as a server's error"},
      {"\0\0\0\x18"s + "ftypmsf1", "an HEIF of several pictures"},
      {TestFile("anim.webp"), "an animated WebP"},
      {TestFile("float.tif"), "a TIFF of floating-point pixels"},
  };
  for (const auto& [bytes, name] : others) {
    EXPECT_EQ(DecodeImage(bytes).status().message(),
              name + ", which is not read; save it as PNG, JPEG, WebP, BMP or TIFF");
  }
  EXPECT_EQ(DecodeImage("hello").status().message(),
            "not a picture: no picture format begins with these bytes");
  EXPECT_EQ(DecodeImage("version https://git-lfs.github.com/spec/v1\noid").status().message(),
            "a Git LFS pointer that stands for a picture; fetch the picture with `git lfs pull`");
}

TEST(DecodeImage, RefusesAPictureThatIsTooLargeByItsHeaderAlone) {
  std::string bomb = TestFile("rgb.bmp");
  EXPECT_TRUE(DecodeImage(bomb, kHeight * kWidth).ok());
  EXPECT_EQ(DecodeImage(bomb, kHeight * kWidth - 1).status().message(),
            "a picture of 12 x 16 pixels, more than data.max_pixels = 191");
  // 16,384 x 16,384 in a lossless WebP of 80 bytes would take 0.8 GB. Width - 1 and height - 1
  // stand in 14 bits each, from 21.
  std::string webp = TestFile("l.webp");
  webp.replace(21, 3, "\xFF\xFF\xFF", 3);
  webp[24] |= 0x0F;
  EXPECT_EQ(DecodeImage(webp).status().message(),
            "a picture of 16384 x 16384 pixels, more than data.max_pixels = 64000000");
}

TEST(DecodeImage, RefusesAHeaderThatContradictsThePixels) {
  std::string webp = TestFile("ay.webp");
  webp[24] = 20;
  EXPECT_FALSE(DecodeImage(webp).ok());
}

TEST(DecodeImage, ReadsExtremeShapes) {
  for (const Image& image : {Filled(1, 1, 7), Filled(1, 20000, 9), Filled(20000, 1, 9)}) {
    EXPECT_EQ(DecodeImage(EncodePng(image)).value(), image);
    for (const Fit fit : {Fit::kCover, Fit::kContain, Fit::kStretch}) {
      const Image fitted = FitTo(image, 32, 48, fit);
      EXPECT_EQ(fitted.height, 32);
      EXPECT_EQ(fitted.width, 48);
    }
  }
}

TEST(EncodeImage, PngRoundTripsAndJpegNearly) {
  EXPECT_EQ(DecodeImage(EncodePng(Gradient())).value(), Gradient());
  ExpectNear(DecodeImage(EncodeJpeg(Gradient(), 95)).value(), Gradient(), 40, "jpeg");
}

TEST(Resize, CopiesExactlyWhenTheSizeIsEqual) {
  EXPECT_EQ(Resize(Gradient(), kHeight, kWidth), Gradient());
}

TEST(Resize, ShrinksByAveragingAreas) {
  Image checker{4, 4, {}};
  for (int i = 0; i < 16; ++i) {
    checker.rgb.insert(checker.rgb.end(), 3, (i + i / 4) % 2 == 0 ? 0 : 200);
  }
  EXPECT_EQ(Resize(checker, 2, 2), Filled(2, 2, 100));
  EXPECT_EQ(Resize(checker, 2, 4), Filled(2, 4, 100));  // also when only one axis shrinks
}

TEST(Resize, KeepsAConstantConstantAtAnySize) {
  EXPECT_EQ(Resize(Filled(5, 7, 90), 13, 3), Filled(13, 3, 90));
}

TEST(FitTo, CoverTakesTheMiddle) {
  Image wide = Filled(2, 6, 0);
  for (const size_t pixel : {2u, 3u, 8u, 9u}) {
    std::fill_n(wide.rgb.begin() + static_cast<std::ptrdiff_t>(3 * pixel), 3, 80);
  }
  EXPECT_EQ(FitTo(wide, 2, 2, Fit::kCover), Filled(2, 2, 80));
}

TEST(FitTo, ContainAddsWhiteBordersOfEqualSize) {
  const Image fitted = FitTo(Filled(2, 4, 10), 4, 4, Fit::kContain);
  Image expected = Filled(4, 4, 255);
  std::fill_n(expected.rgb.begin() + 12, 24, 10);
  EXPECT_EQ(fitted, expected);
}

TEST(FitTo, AnEqualSizeIsACopyWhateverTheFit) {
  for (const Fit fit : {Fit::kCover, Fit::kContain, Fit::kStretch}) {
    EXPECT_EQ(FitTo(Gradient(), kHeight, kWidth, fit), Gradient());
  }
}

TEST(ContactSheet, PutsPicturesInRowsWithMargins) {
  const Image sheet = ContactSheet({Filled(1, 1, 10), Filled(1, 1, 20), Filled(1, 1, 30)}, 2, 1, 2);
  EXPECT_EQ(sheet.height, 7);
  EXPECT_EQ(sheet.width, 7);
  const auto at = [&](int64_t y, int64_t x) {
    return sheet.rgb[static_cast<size_t>((y * 7 + x) * 3)];
  };
  EXPECT_EQ(at(1, 1), 10);
  EXPECT_EQ(at(2, 2), 10);
  EXPECT_EQ(at(1, 4), 20);
  EXPECT_EQ(at(4, 1), 30);
  EXPECT_EQ(at(0, 0), 255);
  EXPECT_EQ(at(3, 3), 255);
  EXPECT_EQ(at(4, 4), 255);
}

TEST(ContactSheet, OfNothingIsAWhiteMargin) {
  EXPECT_EQ(ContactSheet({}, 4, 2, 1).rgb, Filled(2, 2, 255).rgb);
}

}  // namespace
}  // namespace tessera
