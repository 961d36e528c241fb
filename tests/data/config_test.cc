#include "data/config.h"

#include <gtest/gtest.h>

#include "config/toml.h"

namespace tessera {
namespace {

std::string ErrorOf(const std::string& text) {
  DataConfig config;
  return std::string(FromToml(text, "r.toml", {}, &config).message());
}

TEST(DataConfig, RefusesNumbersThatMakeNoSense) {
  EXPECT_EQ(ErrorOf(""), "");
  EXPECT_EQ(ErrorOf("[show]\ndrop_text = 10"),
            "r.toml: show: picture_first, drop_text and drop_images must be from 0 to 1");
  EXPECT_EQ(ErrorOf("[show]\nnoise_read = -1"),
            "r.toml: show: noise_generated, noise_read and prompt_weight must not be negative");
  EXPECT_EQ(ErrorOf("threads = -1"),
            "r.toml: threads must be from 0 to 1024, max_pixels at least 1");
  EXPECT_EQ(ErrorOf("kind = 'documents'\ntest_share = 1.5"),
            "r.toml: test_share must be from 0 to 1");
}

TEST(DataConfig, RefusesAKeyThatChangesNoDocumentOfTheDataSet) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "show.drop_images has no effect",
                      ErrorOf("[show]\ndrop_images = .5"));
  EXPECT_EQ(ErrorOf("shapes.variant = 'stories'\nshow.drop_images = .5"), "");
}

}  // namespace
}  // namespace tessera
