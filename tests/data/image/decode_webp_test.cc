#include <gtest/gtest.h>
#include <webp/encode.h>

#include "data/image/image_io.h"
#include "tests/data/image/picture_bytes.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

using std::string_literals::operator""s;

constexpr int kHeight = 48, kWidth = 64;

std::string Message(const std::string& bytes) {
  return std::string(DecodeImage(bytes).status().message());
}

enum class Subject { kNoise, kFlat, kHalfFlat };

std::string Encoded(Subject subject, bool lossless) {
  std::vector<uint8_t> rgb;
  for (uint32_t i = 0, state = 1; i < kHeight * kWidth * 3; ++i) {
    state = state * 1664525 + 1013904223;
    const bool flat = subject == Subject::kFlat ||
                      (subject == Subject::kHalfFlat && i > kHeight * kWidth * 3 / 2);
    rgb.push_back(flat ? 40 : static_cast<uint8_t>(state >> 24));
  }
  uint8_t* out = nullptr;
  const size_t size = lossless
                          ? WebPEncodeLosslessRGB(rgb.data(), kWidth, kHeight, 3 * kWidth, &out)
                          : WebPEncodeRGB(rgb.data(), kWidth, kHeight, 3 * kWidth, 75, &out);
  std::string bytes(reinterpret_cast<const char*>(out), size);
  WebPFree(out);
  return bytes;
}

TEST(DecodeWebp, RefusesFillFromAnyPlaceOn) {
  for (const bool lossless : {false, true}) {
    const std::string whole = Encoded(Subject::kNoise, lossless);
    for (const char fill : {'\0', '\xFF'}) {
      for (size_t size = 64; size + 256 < whole.size(); size += 211) {
        EXPECT_FALSE(
            DecodeImage(whole.substr(0, size) + std::string(whole.size() - size, fill)).ok())
            << lossless << " " << int{fill} << " from " << size << " of " << whole.size();
      }
    }
  }
}

TEST(DecodeWebp, ReadsFlatPictures) {
  for (const Subject subject : {Subject::kFlat, Subject::kHalfFlat}) {
    for (const bool lossless : {false, true}) {
      EXPECT_EQ(Message(Encoded(subject, lossless)), "");
    }
  }
}

TEST(DecodeWebp, RefusesEveryTruncationByItsName) {
  for (const bool lossless : {false, true}) {
    const std::string whole = Encoded(Subject::kHalfFlat, lossless);
    for (size_t size = 12; size < whole.size(); size += 5) {
      EXPECT_EQ(Message(whole.substr(0, size)), "a truncated WebP");
    }
  }
}

TEST(DecodeWebp, TurnsByExifWithAndWithoutItsPrefix) {
  const std::string bare = TestFile("exif3.webp");
  const size_t at = bare.find("EXIF");
  ASSERT_NE(at, bare.npos);
  for (const std::string& exif : {Exif(6), "Exif\0\0"s + Exif(6), Exif(6, /*LONG*/ 4)}) {
    std::string file =
        bare.substr(0, at) + ByteWriter().Put("EXIF").Put(4, {std::ssize(exif)}).Put(exif).bytes();
    file.replace(4, 4, ByteWriter().Put(4, {std::ssize(file) - 8}).bytes());
    const absl::StatusOr<Image> image = DecodeImage(file);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->height, 16);
    EXPECT_EQ(image->width, 12);
  }
}

}  // namespace
}  // namespace tessera
