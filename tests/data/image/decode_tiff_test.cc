#include <gtest/gtest.h>

#include <cmath>

#include "data/image/image_io.h"
#include "tests/data/image/picture_bytes.h"

namespace tessera {
namespace {

constexpr int kHeight = 5, kWidth = 7;
constexpr int kWhiteIsZero = 0, kBlackIsZero = 1, kRgb = 2, kPalette = 3, kCmyk = 5;

// What a sample of a pixel holds; the highest number is white or full.
int SampleAt(int y, int x, int c, int bits) {
  return (y * 31 + x * 17 + c * 57 + y * x * c) % (1 << bits);
}

struct Variant {
  int colours = kRgb, num_colours = 3, bits = 8;
  std::vector<int64_t> extras = {};  // 0: no meaning, 1: premultiplied alpha, 2: alpha
  bool planes = false, tiles = false, big_endian = false;

  int samples() const { return num_colours + static_cast<int>(extras.size()); }
};

std::ostream& operator<<(std::ostream& out, const Variant& v) {
  out << "colours " << v.colours << ", " << v.bits << " bits, extras";
  for (const int64_t extra : v.extras) {
    out << " " << extra;
  }
  return out << (v.planes ? ", planes" : "") << (v.tiles ? ", tiles" : "");
}

std::string Row(const Variant& v, int y, int left, int width, int plane) {
  std::vector<int> samples;
  for (int x = left; x < left + width; ++x) {
    for (int c = v.planes ? plane : 0; c < (v.planes ? plane + 1 : v.samples()); ++c) {
      samples.push_back(y < kHeight && x < kWidth ? SampleAt(y, x, c, v.bits) : 0);
    }
  }
  return v.bits == 16 ? ByteWriter(v.big_endian).Put(2, {samples.begin(), samples.end()}).bytes()
                      : PackedRow(samples, v.bits);
}

TiffBytes Tiff(const Variant& v) {
  const int height = v.tiles ? 16 : 2, width = v.tiles ? 16 : kWidth;
  TiffBytes tiff;
  tiff.big_endian = v.big_endian;
  tiff.tags = {{256, {kWidth}},
               {257, {kHeight}},
               {258, std::vector<int64_t>(v.samples(), v.bits)},
               {259, {1}},
               {262, {v.colours}},
               {277, {v.samples()}},
               {284, {v.planes ? 2 : 1}}};
  if (v.tiles) {
    tiff.tags[322] = {width};
    tiff.tags[323] = {height};
  } else {
    tiff.tags[278] = {height};
  }
  if (!v.extras.empty()) {
    tiff.tags[338] = v.extras;
  }
  for (int i = 0; i < 3 << v.bits && v.colours == kPalette; ++i) {
    tiff.tags[320].push_back(i * 7919 % 65536);
  }
  for (int plane = 0; plane < (v.planes ? v.samples() : 1); ++plane) {
    for (int top = 0; top < kHeight; top += height) {
      std::string& block = tiff.blocks.emplace_back();
      for (int y = top; y < (v.tiles ? top + height : std::min(top + height, kHeight)); ++y) {
        block += Row(v, y, 0, width, plane);
      }
    }
  }
  return tiff;
}

double Shown(const Variant& v, int y, int x, int c) {
  const auto sample = [&](int i) { return SampleAt(y, x, i, v.bits) * 255. / ((1 << v.bits) - 1); };
  double colour = 0, alpha = 255;
  switch (v.colours) {
    case kWhiteIsZero:
      colour = 255 - sample(0);
      break;
    case kBlackIsZero:
      colour = sample(0);
      break;
    case kRgb:
      colour = sample(c);
      break;
    case kPalette:
      colour = ((c << v.bits) + SampleAt(y, x, 0, v.bits)) * 7919 % 65536 / 256;
      break;
    case kCmyk:
      colour = (255 - sample(c)) * (255 - sample(3)) / 255;
      break;
  }
  for (size_t i = 0; i < v.extras.size(); ++i) {
    if (v.extras[i] != 0) {
      alpha = sample(v.num_colours + static_cast<int>(i));
      return std::min(255., (v.extras[i] == 1 ? colour : colour * alpha / 255) + 255 - alpha);
    }
  }
  return colour;
}

void ExpectShown(const Variant& v) {
  const absl::StatusOr<Image> image = DecodeImage(Tiff(v).bytes());
  ASSERT_TRUE(image.ok()) << v << ": " << image.status();
  ASSERT_EQ(image->width, kWidth);
  ASSERT_EQ(image->height, kHeight);
  for (int i = 0; i < kHeight * kWidth * 3; ++i) {
    const int y = i / 3 / kWidth, x = i / 3 % kWidth;
    ASSERT_NEAR(image->rgb[static_cast<size_t>(i)], Shown(v, y, x, i % 3), 1.6)
        << v << " at " << y << ", " << x << ", " << i % 3;
  }
}

TEST(DecodeTiff, ReadsEveryKindOfColourDepthAndAlphaInStripsTilesAndPlanes) {
  std::vector<Variant> variants;
  for (const int bits : {1, 2, 3, 4, 8, 12, 16}) {
    for (const std::vector<int64_t>& extras :
         std::vector<std::vector<int64_t>>{{}, {0}, {1}, {2}, {0, 0}, {0, 2}, {2, 0}}) {
      variants.push_back({kWhiteIsZero, 1, bits, extras});
      variants.push_back({kBlackIsZero, 1, bits, extras});
      variants.push_back({kRgb, 3, bits, extras});
      variants.push_back({kCmyk, 4, bits, extras});
      if (bits <= 8) {
        variants.push_back({kPalette, 1, bits, extras});
      }
    }
  }
  for (Variant variant : variants) {
    for (int i = 0; i < 8; ++i) {
      variant.planes = i & 1;
      variant.tiles = i & 2;
      variant.big_endian = i & 4;
      ExpectShown(variant);
    }
  }
}

std::string Refusal(TiffBytes tiff) {
  return std::string(DecodeImage(tiff.bytes()).status().message());
}

void ExpectRefused(TiffBytes tiff, int tag, const std::vector<int64_t>& values,
                   const std::string& name) {
  tiff.tags[tag] = values;
  EXPECT_EQ(Refusal(tiff), name + ", which is not read; save it as PNG, JPEG, WebP, BMP or TIFF");
}

TEST(DecodeTiff, RefusesWhatItDoesNotConvertByItsName) {
  const TiffBytes grey = Tiff({kBlackIsZero, 1, 16}), rgb = Tiff({kRgb, 3, 16});
  ExpectRefused(grey, 258, {32}, "a TIFF of 32-bit numbers");
  ExpectRefused(rgb, 258, {32, 32, 32}, "a TIFF of 32-bit numbers");
  ExpectRefused(grey, 339, {2}, "a TIFF of signed, complex or undefined numbers");
  ExpectRefused(grey, 339, {3}, "a TIFF of floating-point pixels");
  ExpectRefused(grey, 262, {kPalette}, "a TIFF of 16-bit indices of a palette");
  ExpectRefused(rgb, 262, {8}, "a TIFF of Lab colours");
  ExpectRefused(grey, 259, {6}, "a TIFF of compression 6");
  ExpectRefused(Tiff({kCmyk, 4, 8}), 332, {2}, "a TIFF of inks that are not CMYK");
  ExpectRefused(rgb, 262, {kCmyk}, "a TIFF of 3 samples where its colours have 4");
  TiffBytes unlike = rgb, untold = grey;
  unlike.tags[258] = {5, 6, 5};
  EXPECT_TRUE(Refusal(unlike).starts_with("a TIFF whose header libtiff refuses ("));
  untold.tags.erase(262);
  EXPECT_TRUE(Refusal(untold).starts_with("a TIFF that does not say what its numbers mean"));
}

TEST(DecodeTiff, FindsCompressedStripsThatEndEarly) {
  TiffBytes tiff = Tiff({kBlackIsZero, 1, 8});
  tiff.tags[259] = {32773};  // PackBits
  const std::string literal = '\x0d' + std::string(14, 'a'), half = '\x06' + std::string(7, 'a');
  tiff.blocks = {literal, literal, half};
  EXPECT_EQ(Refusal(tiff), "");
  for (const std::string& damage : {half, std::string(15, '\0'), std::string()}) {
    tiff.blocks[1] = damage;
    EXPECT_TRUE(Refusal(tiff).starts_with("a damaged TIFF: ")) << Refusal(tiff);
  }
}

TEST(DecodeTiff, TakesAFourthSampleForAlphaUnlessTheFileSaysOtherwise) {
  TiffBytes tiff = Tiff({kRgb, 3, 8, {0}});
  const Image opaque = DecodeImage(tiff.bytes()).value();
  tiff.tags.erase(338);
  const Image untold = DecodeImage(tiff.bytes()).value();
  EXPECT_NE(untold, opaque);
  EXPECT_EQ(untold, DecodeImage(Tiff({kRgb, 3, 8, {2}}).bytes()).value());
}

TEST(DecodeTiff, PassesOverMeaningsOfSamplesThatThereAreNot) {
  const TiffBytes rgb = Tiff({kRgb, 3, 8});
  TiffBytes more = rgb;
  more.tags[338] = {2};
  ASSERT_EQ(Refusal(more), "");
  EXPECT_EQ(DecodeImage(more.bytes()).value(), DecodeImage(rgb.bytes()).value());
}

TEST(DecodeTiff, RefusesEveryTruncation) {
  for (const bool planes : {false, true}) {
    const std::string whole = Tiff({.planes = planes}).bytes();
    for (size_t size = 0; size < whole.size(); ++size) {
      ASSERT_FALSE(DecodeImage(whole.substr(0, size)).ok()) << size;
    }
  }
}

}  // namespace
}  // namespace tessera
