#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/data/image/picture_bytes.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

using std::string_literals::operator""s;

const std::string kEnd = "\xFF\xD9";

std::string Message(const std::string& bytes) {
  return std::string(DecodeImage(bytes).status().message());
}

std::string Noise() {
  Image image{48, 64, {}};
  for (uint32_t i = 0, state = 1; i < 48 * 64 * 3; ++i) {
    state = state * 1664525 + 1013904223;
    image.rgb.push_back(static_cast<uint8_t>(state >> 24));
  }
  return EncodeJpeg(image, 60);
}

size_t StartOfScan(const std::string& jpeg) { return jpeg.find("\xFF\xDA"); }

TEST(DecodeJpeg, RefusesEveryCutThoughItIsClosedAgain) {
  const std::string whole = Noise();
  ASSERT_EQ(Message(whole), "");
  // The last bytes of a scan may hold no more than its padding.
  for (size_t size = StartOfScan(whole) + 14; size + 8 < whole.size(); size += 7) {
    EXPECT_EQ(Message(whole.substr(0, size)), "a truncated JPEG") << size;
    EXPECT_TRUE(Message(whole.substr(0, size) + kEnd).starts_with("a damaged JPEG: ")) << size;
  }
}

TEST(DecodeJpeg, RefusesZerosFromTheMiddleOnClosedOrNot) {
  const std::string whole = Noise();
  for (size_t size = StartOfScan(whole) + 14; size + 64 < whole.size(); size += 97) {
    const std::string zeros(whole.size() - size - 2, '\0');
    EXPECT_FALSE(DecodeImage(whole.substr(0, size) + zeros + "\0\0"s).ok()) << size;
    EXPECT_TRUE(Message(whole.substr(0, size) + zeros + kEnd).starts_with("a damaged JPEG: "))
        << size;
  }
}

TEST(DecodeJpeg, RefusesAProgressivePictureWithoutItsLastScans) {
  const std::string whole = TestFile("prog.jpg");
  int num_scans = 0;
  size_t last_begin = 0;
  for (size_t at = whole.find("\xFF\xDA"); at != whole.npos; at = whole.find("\xFF\xDA", at + 1)) {
    if (num_scans++ > 0) {
      const size_t tables = whole.rfind("\xFF\xC4", at);
      const size_t end = tables > last_begin ? tables : at;
      EXPECT_EQ(Message(whole.substr(0, end) + kEnd),
                "a damaged JPEG: it ends before its last scan")
          << num_scans;
    }
    last_begin = at;
  }
  EXPECT_GT(num_scans, 3);
}

TEST(DecodeJpeg, PassesOverBytesBetweenTheHeadersSegmentsAndBehindTheEnd) {
  const std::string whole = Noise();
  const Image shown = DecodeImage(whole).value();
  EXPECT_EQ(DecodeImage(whole.substr(0, 2) + "\1\2\3" + whole.substr(2)).value(), shown);
  EXPECT_EQ(DecodeImage(whole + "trailer").value(), shown);
}

TEST(DecodeJpeg, NamesWhatItDoesNotRead) {
  const std::string whole = Noise();
  const size_t frame = whole.find("\xFF\xC0");
  const auto with = [&](size_t at, const std::string& bytes) {
    return std::string(whole).replace(frame + at, bytes.size(), bytes);
  };
  const std::string way_out = ", which is not read; save it as PNG, JPEG, WebP, BMP or TIFF";
  EXPECT_EQ(Message(with(4, "\x0C")), "a JPEG of more than 8 bits" + way_out);
  EXPECT_EQ(Message(with(1, "\xC3")), "a lossless or hierarchical JPEG" + way_out);
  EXPECT_EQ(Message(with(5, "\0\0"s)),
            "a JPEG that gives its height behind its pixels, or none" + way_out);
}

TEST(DecodeJpeg, TurnsByEveryKindOfOrientation) {
  const std::string plain = EncodeJpeg({8, 16, std::vector<uint8_t>(8 * 16 * 3, 100)});
  const std::string prefix = "Exif\0\0"s, xmp = "http://ns.adobe.com/xap/1.0/\0"s;
  for (const std::string& segment :
       {prefix + Exif(6), prefix + Exif(6, /*LONG*/ 4), prefix + prefix + Exif(6),
        xmp + "<x tiff:Orientation=\"6\"/>", xmp + "<tiff:Orientation>6</tiff:Orientation>"}) {
    const std::string app1 =
        ByteWriter(true).Put("\xFF\xE1").Put(2, {std::ssize(segment) + 2}).Put(segment).bytes();
    const Image image = DecodeImage(plain.substr(0, 2) + app1 + plain.substr(2)).value();
    EXPECT_EQ(image.height, 16) << segment;
    EXPECT_EQ(image.width, 8);
  }
}

}  // namespace
}  // namespace tessera
