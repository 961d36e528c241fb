#include "analysis/report/document_page.h"

#include <gtest/gtest.h>

#include "analysis/page/markup.h"
#include "data/image/image_io.h"

namespace tessera {
namespace {

TEST(GeneratedPage, HoldsPromptContinuationsAndSettingsInTheirOrder) {
  const Image red{.height = 1, .width = 1, .rgb = {255, 0, 0}};
  const Image blue{.height = 1, .width = 1, .rgb = {0, 0, 255}};
  const GeneratedPage page{.title = "of <runs/a>",
                           .prompt = {{"is it <b>red</b>?", red}},
                           .continuations = {{{"yes", blue}}, {{"no"}}},
                           .settings = "guidance = 2"};
  const std::string html = ToHtml(page);
  size_t at = 0;
  for (const std::string& part :
       {std::string("of &lt;runs/a&gt;"), std::string("<p>is it &lt;b&gt;red&lt;/b&gt;?</p>"),
        Base64(EncodePng(red)), std::string("<p>yes</p>"), Base64(EncodePng(blue)),
        std::string("<p>no</p>"), std::string("guidance = 2")}) {
    at = html.find(part, at);
    ASSERT_NE(at, std::string::npos) << part;
  }
  for (const char* outside : {"http", "url(", "<script", "<link"}) {
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  }
}

}  // namespace
}  // namespace tessera
