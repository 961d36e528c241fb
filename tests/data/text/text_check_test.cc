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

TEST(Trim, TakesWhiteSpaceFromBothEnds) {
  EXPECT_EQ(Trim("\r\n a b \t"), "a b");
  EXPECT_EQ(Trim(" "), "");
}

}  // namespace
}  // namespace tessera
