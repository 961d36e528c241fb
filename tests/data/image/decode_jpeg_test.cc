#include <gtest/gtest.h>
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <cstdlib>

#include "data/image/image_io.h"
#include "tests/data/image/picture_bytes.h"

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

enum class Coding { kScanAComponent, kProgressive, kArithmetic };

std::string Encoded(Coding coding) {
  jpeg_compress_struct file;
  jpeg_error_mgr errors;
  file.err = jpeg_std_error(&errors);
  jpeg_create_compress(&file);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&file, &out, &size);
  file.image_width = file.image_height = 32;
  file.input_components = 3;
  file.in_color_space = JCS_RGB;
  jpeg_set_defaults(&file);
  const jpeg_scan_info scans[] = {
      {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
  if (coding == Coding::kScanAComponent) {
    file.scan_info = scans;
    file.num_scans = 3;
  } else if (coding == Coding::kProgressive) {
    jpeg_simple_progression(&file);
  }
  file.arith_code = coding == Coding::kArithmetic;
  jpeg_start_compress(&file, TRUE);
  for (int y = 0; y < 32; ++y) {
    std::vector<uint8_t> pixels(32 * 3);
    for (int i = 0; i < 32 * 3; ++i) {
      pixels[i] = static_cast<uint8_t>(y * 7 + i * i);
    }
    uint8_t* row = pixels.data();
    jpeg_write_scanlines(&file, &row, 1);
  }
  jpeg_finish_compress(&file);
  const std::string bytes(reinterpret_cast<const char*>(out), size);
  jpeg_destroy_compress(&file);
  std::free(out);
  return bytes;
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

TEST(DecodeJpeg, RefusesAPictureWithoutItsLastScans) {
  for (const Coding coding : {Coding::kScanAComponent, Coding::kProgressive}) {
    const std::string whole = Encoded(coding);
    ASSERT_EQ(Message(whole), "");
    int num_scans = 0;
    size_t before = 0;
    for (size_t at = StartOfScan(whole); at != whole.npos;
         at = whole.find("\xFF\xDA", before + 1), ++num_scans) {
      const size_t tables = whole.rfind("\xFF\xC4", at);
      const size_t end = tables > before ? tables : at;
      if (num_scans > 0) {
        EXPECT_EQ(Message(whole.substr(0, end) + kEnd),
                  "a damaged JPEG: it ends before its last scan")
            << num_scans;
      }
      before = at;
    }
    EXPECT_GE(num_scans, 3);
  }
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
  EXPECT_EQ(Message(Encoded(Coding::kArithmetic)), "an arithmetically coded JPEG" + way_out);
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
