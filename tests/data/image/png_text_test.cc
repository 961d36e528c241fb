#include "data/image/png_text.h"

#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/data/image/picture_bytes.h"

namespace tessera {
namespace {

using std::string_literals::operator""s;

const Image kGrey{.height = 2, .width = 3, .rgb = std::vector<uint8_t>(18, 100)};

TEST(PngText, ComesBackAndLeavesThePixelsAlone) {
  const std::vector<PngText> texts = {{"Software", "tessera"},
                                      {"tessera", "{\"prompt\": \"ä 日\"}"}};
  const std::string png = WithTexts(EncodePng(kGrey), texts);
  const auto read = ReadTexts(png);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, texts);
  EXPECT_EQ(DecodeImage(png).value(), kGrey);  // libpng checks the chunks
}

TEST(PngText, IsReadFromTheChunksOfOtherProgramsUnlessItIsCompressed) {
  const std::string chunks = PngChunk("tEXt", "parameters\0steps: 20"s) +
                             PngChunk("iTXt", "Title\0\0\0de\0Titel\0ein Punkt"s) +
                             PngChunk("iTXt", "Title\0\1\0\0\0packed"s) +
                             PngChunk("zTXt", "Comment\0\0packed"s);
  const std::string png = GreyPng({0}, 8, chunks);
  EXPECT_EQ(ReadTexts(png).value(),
            (std::vector<PngText>{{"parameters", "steps: 20"}, {"Title", "ein Punkt"}}));
}

TEST(PngText, IsRefusedFromWhatIsCutOrDamaged) {
  const std::string png = WithTexts(EncodePng(kGrey), {{"tessera", "a text"}});
  for (size_t size = 0; size < png.size(); ++size) {
    EXPECT_FALSE(ReadTexts(png.substr(0, size)).ok()) << size;
  }
  std::string damaged = png;
  damaged[png.find("a text")] ^= 1;
  EXPECT_EQ(ReadTexts(damaged).status().message(), "a damaged PNG: iTXt: CRC error");
  EXPECT_EQ(ReadTexts("GIF89a").status().message(), "no PNG");
}

}  // namespace
}  // namespace tessera
