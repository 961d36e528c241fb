#include "data/csv.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

using Fields = std::vector<std::string>;

TEST(Csv, QuotedFieldsHoldCommasQuotesAndLineBreaks) {
  const auto rows = ParseCsv("a,\"b,c\",\"d\"\"e\"\r\n\"f\ng\",,h");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(*rows[0].fields, (Fields{"a", "b,c", "d\"e"}));
  EXPECT_EQ(*rows[1].fields, (Fields{"f\ng", "", "h"}));
}

TEST(Csv, CountsLinesThroughQuotedLineBreaks) {
  const auto rows = ParseCsv("\"a\n\n\"\n\nb\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(*rows[0].fields, Fields{"a\n\n"});
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_EQ(*rows[1].fields, Fields{"b"});
  EXPECT_EQ(rows[1].line, 5);
}

// The complaint about the row that begins on the second line.
std::string Complaint(const std::string& csv) {
  const auto rows = ParseCsv(csv);
  EXPECT_EQ(rows.size() > 1 ? rows[1].line : 0, 2);
  return rows.size() > 1 ? std::string(rows[1].fields.status().message()) : "";
}

TEST(Csv, SaysWhatIsWrongWithARow) {
  EXPECT_EQ(Complaint("a\n\"b\nc"), "a quote is not closed");
  EXPECT_EQ(Complaint("a\n\"b\"c"), "after a closing quote must come a comma or the line's end");
  EXPECT_EQ(Complaint("a\na\"b"), "a field with quotes must be quoted, with \"\" for each");
}

TEST(Csv, ReadsOnBehindTheFirstLineOfAMalformedRow) {
  for (const std::string bad : {"\"b", "b\"b", "\"b\"b", "b,\"b\r"}) {
    const auto rows = ParseCsv("a\n" + bad + "\nc,\"d\ne\"\n\nf");
    ASSERT_EQ(rows.size(), 4u) << bad;
    EXPECT_FALSE(rows[1].fields.ok());
    EXPECT_EQ(*rows[2].fields, (Fields{"c", "d\ne"}));
    EXPECT_EQ(rows[2].line, 3);
    EXPECT_EQ(*rows[3].fields, Fields{"f"});
    EXPECT_EQ(rows[3].line, 6);
  }
}

}  // namespace
}  // namespace tessera
