#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/data/image/picture_bytes.h"

namespace tessera {
namespace {

using std::string_literals::operator""s;
using Rgb = std::vector<uint8_t>;

Rgb Shown(const std::string& bytes) {
  const absl::StatusOr<Image> image = DecodeImage(bytes);
  EXPECT_TRUE(image.ok()) << image.status();
  return image.ok() ? image->rgb : Rgb();
}

std::string Message(const std::string& bytes) {
  return std::string(DecodeImage(bytes).status().message());
}

std::string Numbers(int bits, const std::vector<int64_t>& pixels) {
  return ByteWriter().Put(bits / 8, pixels).bytes();
}

TEST(DecodeBmp, ReadsEveryOrderOfTheFourChannels) {
  std::vector<int> place = {0, 1, 2, 3};  // bytes of red, green, blue and the fourth
  do {
    std::vector<int64_t> masks;
    for (const int byte : place) {
      masks.push_back(int64_t{0xFF} << 8 * byte);
    }
    const int64_t pixel = int64_t{10} << 8 * place[0] | int64_t{20} << 8 * place[1] |
                          int64_t{30} << 8 * place[2] | int64_t{51} << 8 * place[3];
    const std::string row = Numbers(32, {pixel});
    const Rgb opaque = {10, 20, 30}, over_white = {206, 208, 210};
    EXPECT_EQ(Shown(BmpBytes(1, 32, row, {108, masks})), over_white);
    EXPECT_EQ(Shown(BmpBytes(1, 32, row, {40, masks, /*with alpha*/ 6})), over_white);
    masks[3] = 0;
    EXPECT_EQ(Shown(BmpBytes(1, 32, row, {108, masks})), opaque);
    masks.pop_back();
    EXPECT_EQ(Shown(BmpBytes(1, 32, row, {40, masks})), opaque);
  } while (std::ranges::next_permutation(place).found);
}

TEST(DecodeBmp, ReadsTheFourthByteWithoutAMaskAsPadding) {
  const std::string row = Numbers(32, {0x330A141E});
  for (const int header_size : {40, 108, 124}) {
    EXPECT_EQ(Shown(BmpBytes(1, 32, row, {header_size})), (Rgb{10, 20, 30})) << header_size;
  }
}

TEST(DecodeBmp, ScalesMasksOfEveryWidthToEightBits) {
  for (int width = 1; width <= 10; ++width) {
    const int64_t highest = (1 << width) - 1;
    const std::vector<int64_t> masks = {highest << 2 * width, highest << width, highest};
    const std::string row = Numbers(32, {0, masks[0], masks[1], masks[2]});
    EXPECT_EQ(Shown(BmpBytes(4, 32, row, {40, masks})),
              (Rgb{0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255}))
        << width;
  }
  EXPECT_EQ(
      Shown(BmpBytes(2, 16, Numbers(16, {0x1234, 0x8FFF}), {108, {0xF00, 0xF0, 0xF, 0xF000}})),
      (Rgb{240, 241, 243, 255, 255, 255}));
  EXPECT_EQ(Shown(BmpBytes(2, 16, Numbers(16, {0x1F << 10, 0x1F << 5}))),
            (Rgb{255, 0, 0, 0, 255, 0}));
}

TEST(DecodeBmp, NamesWhatItDoesNotRead) {
  const std::string row = Numbers(32, {0});
  const std::pair<std::string, std::string> cases[] = {
      {BmpBytes(1, 32, row, {40, {0xF0F000, 0xF00, 0xFF}}),
       "a BMP with masks that are not of red, green and blue"},
      {BmpBytes(1, 0, row, {40, {0}, 5}), "a BMP with a PNG inside"},
      {BmpBytes(1, 0, row, {40, {0}, 4}), "a BMP with a JPEG inside"},
      {BmpBytes(1, 6, row), "a BMP of 6 bits"},
      {BmpBytes(1, 1, row, {64, {0}, 3}), "a BMP of 1 bits and compression 3"},
      {BmpBytes(1, 32, row, {60}), "a BMP with a header of 60 bytes"}};
  for (const auto& [bytes, name] : cases) {
    EXPECT_EQ(Message(bytes),
              name + ", which is not read; save it as PNG, JPEG, WebP, BMP or TIFF");
  }
  EXPECT_EQ(Message("BMW is a maker of cars, and this text begins so."),
            "not a picture: no picture format begins with these bytes");
}

// A picture of 4 x 2 pixels with 16 greys, in runs.
std::string Runs(int bits, std::string_view runs) {
  ByteWriter file;
  file.Put("BM").Put(4, {0, 0, 14 + 40 + 64}).Put(4, {40, 4, 2}).Put(2, {1, bits});
  file.Put(4, {bits == 8 ? 1 : 2, std::ssize(runs), 0, 0, 16, 0});
  for (int i = 0; i < 16; ++i) {
    file.Put(1, {i, i, i, 0});
  }
  return file.Put(runs).bytes();
}

std::vector<int> Reds(const Rgb& rgb) {
  std::vector<int> reds;
  for (size_t i = 0; i < rgb.size(); i += 3) {
    reds.push_back(rgb[i]);
  }
  return reds;
}

TEST(DecodeBmp, ReadsRunsLiteralsAndStepsOfBothWidths) {
  const std::vector<int> rows = {1, 2, 3, 4, 5, 5, 5, 5};  // the bottom row stands first
  EXPECT_EQ(Reds(Shown(Runs(8, "\4\5\0\0\0\4\1\2\3\4\0\0\0\1"s))), rows);
  EXPECT_EQ(Reds(Shown(Runs(4, "\4\x55\0\0\0\4\x12\x34\0\0\0\1"s))), rows);
  EXPECT_EQ(Reds(Shown(Runs(4, "\4\x12\0\0\4\x34\0\0\0\1"s))),
            (std::vector{3, 4, 3, 4, 1, 2, 1, 2}));
  EXPECT_EQ(Reds(Shown(Runs(8, "\1\5\0\2\2\1\1\6\0\0"s))), (std::vector{0, 0, 0, 6, 5, 0, 0, 0}));
}

TEST(DecodeBmp, RefusesRunsThatEndEarlyOrLeaveTheirRow) {
  const std::string runs = "\4\5\0\0\0\4\1\2\3\4\0\0"s;
  for (size_t size = 0; size < runs.size(); ++size) {
    EXPECT_EQ(Message(Runs(8, runs.substr(0, size))), "a truncated BMP") << size;
  }
  for (const std::string& damaged : {"\4\5\0\0\0\1"s, "\4\5\0\1"s, "\4\5\0\0\3\1\0\1"s}) {
    EXPECT_EQ(Message(Runs(8, damaged)), "a damaged BMP: it ends before its last row");
  }
  EXPECT_EQ(Message(Runs(8, "\5\5\0\0\4\5\0\1"s)), "a damaged BMP: a run is longer than its row");
}

TEST(DecodeBmp, ShowsAColourThatThePaletteLacksAsBlack) {
  EXPECT_EQ(Reds(Shown(Runs(8, "\4\x10\0\0\4\5\0\1"s))), (std::vector{5, 5, 5, 5, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace tessera
