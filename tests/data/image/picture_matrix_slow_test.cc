// Pictures of every mode, depth, compression, orientation and damage, made and shown by Pillow.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "data/image/image_io.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// What is wrong with a picture that Pillow reads; empty if nothing is.
std::string Difference(const absl::StatusOr<Image>& image, const std::string& rgb,
                       std::istream& size) {
  int64_t height = 0, width = 0;
  int tolerance = 0, farthest = 0;
  size >> height >> width >> tolerance;
  if (!image.ok()) {
    return "is refused: " + std::string(image.status().message());
  }
  if (image->height != height || image->width != width || image->rgb.size() != rgb.size()) {
    return "has another size";
  }
  for (size_t i = 0; i < rgb.size(); ++i) {
    farthest = std::max(farthest, std::abs(image->rgb[i] - static_cast<uint8_t>(rgb[i])));
  }
  return farthest <= tolerance ? "" : "is " + std::to_string(farthest) + " from what Pillow shows";
}

TEST(PictureMatrix, ShowsWhatPillowShowsOrRefusesByName) {
  const TempFolder folder;
  const std::string make =
      "bash '" TESSERA_SOURCE_DIR "/tests/data/image/picture_matrix.sh' '" + folder.path() + "'";
  constexpr int kNoPillow = 77;
  const int status = std::system(make.c_str());
  if (WEXITSTATUS(status) == kNoPillow) {
    GTEST_SKIP() << "Pillow is not installed, and pip cannot install it";
  }
  ASSERT_EQ(status, 0);
  std::ifstream cases(folder / "cases.tsv");
  int64_t num_read = 0, num_refused = 0;
  testing::internal::CaptureStderr();
  for (std::string name, verdict, third; std::getline(cases, name, '\t');) {
    std::string line;
    std::getline(std::getline(cases, verdict, '\t'), line);
    std::istringstream rest(line);
    const absl::StatusOr<Image> image = DecodeImage(ReadWhole(folder / name));
    if (verdict == "read") {
      std::getline(rest, third, '\t');
      EXPECT_EQ(Difference(image, ReadWhole(folder / third), rest), "") << name;
      ++num_read;
    } else {
      EXPECT_FALSE(image.ok()) << name << " should be refused as " << line;
      EXPECT_NE(image.status().message().find(line), absl::string_view::npos)
          << name << ": " << image.status() << ", not " << line;
      ++num_refused;
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "libraries write nothing";
  EXPECT_GT(num_read, 900);
  EXPECT_GT(num_refused, 200);
  std::cout << num_read << " pictures read, " << num_refused << " refused\n";
}

}  // namespace
}  // namespace tessera
