#include "data/csv.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

using Fields = std::vector<std::string>;

TEST(Csv, QuotedFieldsHoldCommasQuotesAndLineBreaks) {
  const auto rows = ParseCsv("a,\"b,c\",\"d\"\"e\"\r\n\"f\ng\",,h").value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].fields, (Fields{"a", "b,c", "d\"e"}));
  EXPECT_EQ(rows[1].fields, (Fields{"f\ng", "", "h"}));
}

TEST(Csv, CountsLinesThroughQuotedLineBreaks) {
  const auto rows = ParseCsv("\xEF\xBB\xBF\"a\n\n\"\n\nb\n").value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].fields, Fields{"a\n\n"});
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_EQ(rows[1].fields, Fields{"b"});
  EXPECT_EQ(rows[1].line, 5);
}

TEST(Csv, AnErrorNamesTheLine) {
  EXPECT_EQ(ParseCsv("a\n\"b\nc").status().message(), "line 2: a quote is not closed");
  EXPECT_EQ(ParseCsv("a\n\"b\"c").status().message(),
            "line 2: after a closing quote must come a comma or the line's end");
  EXPECT_EQ(ParseCsv("a\"b").status().message(),
            "line 1: a field with quotes must be quoted, with \"\" for each");
}

}  // namespace
}  // namespace tessera
