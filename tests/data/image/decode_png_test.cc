#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/data/image/picture_bytes.h"

namespace tessera {
namespace {

using std::string_literals::operator""s;

std::vector<int> Reds(const std::string& bytes) {
  const absl::StatusOr<Image> image = DecodeImage(bytes);
  EXPECT_TRUE(image.ok()) << image.status();
  std::vector<int> reds;
  for (size_t i = 0; image.ok() && i < image->rgb.size(); i += 3) {
    reds.push_back(image->rgb[i]);
  }
  return reds;
}

std::string Message(const std::string& bytes) {
  return std::string(DecodeImage(bytes).status().message());
}

TEST(DecodePng, ShowsTheTransparentGreyOfEveryDepthAsWhite) {
  for (const int bits : {1, 2, 4, 8, 16}) {
    const int highest = (1 << bits) - 1;
    const std::string transparent = PngChunk("tRNS", ByteWriter(true).Put(2, {0}).bytes());
    EXPECT_EQ(Reds(GreyPng({0, highest, 0}, bits)), (std::vector{0, 255, 0})) << bits;
    EXPECT_EQ(Reds(GreyPng({0, highest, 0}, bits, transparent)), (std::vector{255, 255, 255}))
        << bits;
    const std::string other = PngChunk("tRNS", ByteWriter(true).Put(2, {highest}).bytes());
    EXPECT_EQ(Reds(GreyPng({0, highest, 0}, bits, other)), (std::vector{0, 255, 0})) << bits;
  }
}

TEST(DecodePng, ComparesAllSixteenBitsWithTheTransparentColour) {
  const std::string transparent = PngChunk("tRNS", ByteWriter(true).Put(2, {0x0101}).bytes());
  EXPECT_EQ(Reds(GreyPng({0x0101, 0x0102}, 16, transparent)), (std::vector{255, 1}));
}

TEST(DecodePng, RoundsSixteenBitsToTheNearest) {
  EXPECT_EQ(Reds(GreyPng({0, 128, 129, 257, 65535 - 128, 65535}, 16)),
            (std::vector{0, 0, 1, 1, 255, 255}));
}

TEST(DecodePng, FindsDamageThatTheChecksumOfTheChunkCovers) {
  const std::string header = PngHeader(3, 1, 8, 0), end = PngChunk("IEND", "");
  const std::string data = Stored("\0abc"s);
  EXPECT_EQ(Message(header + PngChunk("IDAT", data) + end), "");
  constexpr size_t kUnusedBits = 2;
  for (size_t i = 0; i < data.size(); i += i + 1 == kUnusedBits ? 2 : 1) {
    std::string damaged = data;
    damaged[i] ^= 0x10;
    EXPECT_TRUE(Message(header + PngChunk("IDAT", damaged) + end).starts_with("a damaged PNG: "))
        << i;
  }
}

TEST(DecodePng, RefusesFewerRowsThanTheHeaderSaysAndPassesMoreOver) {
  const std::string end = PngChunk("IEND", "");
  const std::string two_rows = PngChunk("IDAT", Stored("\0abc\0def"s));
  EXPECT_EQ(Reds(PngHeader(3, 1, 8, 0) + two_rows + end), (std::vector<int>{'a', 'b', 'c'}));
  EXPECT_TRUE(Message(PngHeader(3, 3, 8, 0) + two_rows + end).starts_with("a damaged PNG: "));
}

TEST(DecodePng, RefusesASizeBeforeItsMemoryIsTaken) {
  const std::string wide = PngHeader(0x7FFFFFFF, 1, 16, /*RGBA*/ 6);
  EXPECT_EQ(Message(wide + PngChunk("IDAT", "") + PngChunk("IEND", "")),
            "a picture of 1 x 2147483647 pixels, more than data.max_pixels = 64000000");
}

TEST(DecodePng, PassesOverWhatIsNotNeededToShowThePicture) {
  for (const char* name : {"gAMA", "iCCP", "sRGB", "bKGD", "tIME", "prVt", "zTXt"}) {
    EXPECT_EQ(Reds(GreyPng({0, 9}, 8, PngChunk(name, "nonsense"))), (std::vector{0, 9})) << name;
  }
  EXPECT_TRUE(Message(GreyPng({0}, 8, PngChunk("ABCD", ""))).starts_with("a damaged PNG: "));
}

TEST(DecodePng, ShowsAColourThatThePaletteLacksAsBlack) {
  const std::string palette = PngChunk("PLTE", "abcdef");
  const auto indices = [&](const std::string& row) {
    return PngHeader(2, 1, 8, /*palette*/ 3) + palette + PngChunk("IDAT", Stored('\0' + row)) +
           PngChunk("IEND", "");
  };
  EXPECT_EQ(Reds(indices("\0\1"s)), (std::vector<int>{'a', 'd'}));
  EXPECT_EQ(Reds(indices("\0\2"s)), (std::vector<int>{'a', 0}));
}

TEST(DecodePng, NamesTheFormOfIPhonePrograms) {
  const std::string whole = GreyPng({0, 9}, 8);
  EXPECT_EQ(Message(whole.substr(0, 8) + PngChunk("CgBI", "\x50\0\x20\2"s) + whole.substr(8)),
            "a PNG in the form of iPhone programs (CgBI), which is not read; save it as PNG, JPEG, "
            "WebP, BMP or TIFF");
}

TEST(DecodePng, TurnsByEveryKindOfOrientation) {
  const std::string exif = Exif(2), xmp = "<x tiff:Orientation=\"2\"/>";
  std::string digits;
  for (const char byte : "Exif\0\0"s + exif) {
    constexpr char kDigits[] = "0123456789abcdef";
    digits += {kDigits[byte >> 4 & 15], kDigits[byte & 15]};
  }
  const std::pair<std::string, std::string> chunks[] = {
      {"EXIF", PngChunk("eXIf", exif)},
      {"LONG", PngChunk("eXIf", Exif(2, 4))},
      {"prefix", PngChunk("eXIf", "Exif\0\0"s + exif)},
      {"ImageMagick", PngChunk("tEXt", "Raw profile type exif\0\nexif\n 44\n"s + digits + "\n")},
      {"XMP", PngChunk("iTXt", "XML:com.adobe.xmp\0\0\0\0\0"s + xmp)}};
  for (const auto& [name, chunk] : chunks) {
    EXPECT_EQ(Reds(GreyPng({1, 2}, 8, chunk)), (std::vector{2, 1})) << name;
  }
}

}  // namespace
}  // namespace tessera
