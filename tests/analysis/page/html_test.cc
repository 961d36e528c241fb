#include "analysis/page/html.h"

#include <gtest/gtest.h>

#include "analysis/page/markup.h"

namespace tessera {
namespace {

HtmlPage Sample() {
  HtmlPage page("run <1>");
  page.Heading("a & b");
  page.Paragraph("<script>alert('x')</script>");
  page.Figures({PngFigure("png", "a \"red\" circle"), SvgFigure("<svg></svg>")}, 96);
  page.Table({"name", "value"}, {{"x", "1.5"}, {"y", "-2 %"}});
  page.Details("config", "[model]\nwidth = 3 # <wide>");
  return page;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(HtmlPage, EscapesEveryText) {
  const std::string text = Sample().Text();
  EXPECT_FALSE(Has(text, "<script"));
  for (const char* part : {"<h1>run &lt;1&gt;</h1>", "<h2>a &amp; b</h2>", "alert(&#39;x&#39;)",
                           "a &quot;red&quot; circle", "# &lt;wide&gt;"}) {
    EXPECT_TRUE(Has(text, part)) << part;
  }
}

TEST(HtmlPage, RefersToNothingOutside) {
  const std::string text = Sample().Text();
  for (const char* part : {"http", "//", "url(", "@import", "<link", "<script", "<iframe"}) {
    EXPECT_FALSE(Has(text, part)) << part;
  }
  EXPECT_TRUE(Has(text, "src=\"data:image/png;base64,cG5n\""));
}

TEST(HtmlPage, PutsNumbersFlushRight) {
  const std::string text = Sample().Text();
  EXPECT_TRUE(Has(text, "<th>name</th><th class=\"number\">value</th>"));
  EXPECT_TRUE(Has(text, "<td class=\"number\">-2 %</td>"));
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const std::vector<std::string> expected = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                             "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(Base64(std::string("foobar").substr(0, i)), expected[i]);
  }
  EXPECT_EQ(Base64("\xff\xfe\xfd"), "//79");
}

TEST(EscapeMarkup, ReplacesControlCharactersThatMarkupCannotHold) {
  EXPECT_EQ(EscapeMarkup(std::string("a\0b\x1b\n", 5)), "a b \n");
}

}  // namespace
}  // namespace tessera
