#include "data/text/text_check.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(FirstInvalidUtf8, AcceptsEveryLength) {
  EXPECT_EQ(FirstInvalidUtf8("a\u00fc\u20ac\U0001F600\U0010FFFF"), std::nullopt);
}

TEST(FirstInvalidUtf8, FindsStrayShortLongSurrogateAndTooLarge) {
  for (const char* bad : {"ab\x80", "ab\xC3", "ab\xC0\xAF", "ab\xE0\x80\x80", "ab\xED\xA0\x80",
                          "ab\xF0\x80\x80\x80", "ab\xF4\x90\x80\x80", "ab\xFF", "ab\xE2\x82"}) {
    EXPECT_EQ(FirstInvalidUtf8(bad), 2) << bad;
  }
}

TEST(CheckText, RefusesEmptyAndInvalid) {
  EXPECT_TRUE(CheckText(" a ").ok());
  EXPECT_EQ(CheckText("").message(), "the text is empty");
  EXPECT_EQ(CheckText(" \n\t").message(), "the text is empty");
  EXPECT_EQ(CheckText("abc\xFF").message(), "the text is invalid UTF-8 at byte 3");
}

TEST(CheckText, RefusesAZeroByte) {
  EXPECT_EQ(CheckText(std::string_view("a\0b", 3)).message(), "the text has a zero byte at byte 1");
}

TEST(TextOfFile, HasNoByteOrderMark) {
  EXPECT_EQ(TextOfFile("\xEF\xBB\xBF"
                       "A cat")
                .value(),
            "A cat");
  EXPECT_EQ(TextOfFile("A cat\xEF\xBB\xBF").value(), "A cat\xEF\xBB\xBF") << "a letter there";
  EXPECT_EQ(TextOfFile("").value(), "");
}

TEST(TextOfFile, NamesUtf16AndUtf32) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view wide :
       {"\xFF\xFE"
        "A\0"sv,
        "\xFE\xFF\0A"sv, "A\0 \0c\0"sv, "\0A\0 "sv, "\xFF\xFE\0\0A\0\0\0"sv,
        "\0\0\xFE\xFF\0\0\0A"sv, "A\0\0\0"sv}) {
    EXPECT_EQ(TextOfFile(wide).status().message(),
              "the text is UTF-16 or UTF-32; save it as UTF-8");
  }
}

TEST(OneLine, HasASpaceForEveryLineEnd) {
  EXPECT_EQ(OneLine("a\r\nb\nc\rd\ve\ff"), "a b c d e f");
  EXPECT_EQ(OneLine("a\u0085b\u2028c\u2029d \u00FC"), "a b c d \u00FC");
}

TEST(Trim, TakesWhiteSpaceFromBothEnds) {
  EXPECT_EQ(Trim("\r\n a b \t"), "a b");
  EXPECT_EQ(Trim(" "), "");
}

// Table 3-8 of the Unicode Standard, and what it says of surrogates and of longer forms.
TEST(WithReplacements, HasOneForEachLongestBeginOfALetter) {
  EXPECT_EQ(WithReplacements("a\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
  EXPECT_EQ(WithReplacements("\xED\xA0\x80\xC0\xAF"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(WithReplacements("\u65E5\U0001F600"), "\u65E5\U0001F600");
}

}  // namespace
}  // namespace tessera
