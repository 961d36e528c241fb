#include "data/mixture.h"

#include <filesystem>

#include "config/toml.h"
#include "data/image/image_io.h"
#include "data/inspect_dataset.h"
#include "tests/data/file_sets.h"

namespace tessera {
namespace {

// Two sets of files: "dots" of three captioned pictures, one to test on, and "words" of two texts.
class MixtureTest : public testing::Test {
 protected:
  MixtureTest() {
    for (const char* name : {"dots/a", "dots/b", "dots/test/c"}) {
      folder_.Write(std::string(name) + ".png", EncodePng(Dot(7)));
      folder_.Write(std::string(name) + ".txt", name);
    }
    folder_.Write("words/w.txt", "one\n\ntwo\n");
    config_.test_share = 0;
    config_.mix = {{"dots", 1, Config(DataKind::kImageFolder, folder_ / "dots")},
                   {"words", 3, Config(DataKind::kText, folder_ / "words")}};
  }

  TempFolder folder_;
  DataConfig config_;
};

TEST_F(MixtureTest, HoldsTheDocumentsOfItsSetsOneBehindTheOther) {
  const auto mixture = Open(config_);
  ASSERT_TRUE(mixture.ok()) << mixture.status();
  std::vector<Document> expected;
  for (const MixConfig& set : config_.mix) {
    for (const Document& document : DocumentsOf(Open(set.data))) {
      expected.push_back(document);
    }
  }
  EXPECT_EQ(DocumentsOf(mixture), expected);
  EXPECT_EQ((*mixture)->Sets()[0].size, 2);
  EXPECT_EQ((*mixture)->Sets()[1].weight, 3);
  EXPECT_EQ((*Open(config_, Split::kTest))->size(), 1);
}

TEST_F(MixtureTest, AccountNamesTheSets) {
  folder_.Write("dots/README.md", "x");
  DataAccount account = (*Open(config_))->Account();
  account.AddTest((*Open(config_, Split::kTest))->Account());
  const std::string text = ToString(account);
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "  dots: 2 to train on, 1 to test on, 25% of what training reads\n", text);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "to test on: dots: folder test/\n", text);
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "passed over (dots: other files): 1, such as 'README.md'\n", text);
}

TEST_F(MixtureTest, ErrorsNameTheSet) {
  folder_.Write("dots/b.png", "no picture");
  const auto mixture = Open(config_);
  ASSERT_TRUE(mixture.ok());
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "dots: ", std::string((*mixture)->Get(1).status().message()));
  EXPECT_TRUE((*mixture)->Where(1).starts_with("dots: ")) << (*mixture)->Where(1);
  config_.on_error = OnError::kSkip;
  const auto good = Open(config_);
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ((*good)->Sets()[0].size, 1);
  ASSERT_EQ((*good)->Account().bad.size(), 1u);
  EXPECT_TRUE((*good)->Account().bad[0].starts_with("dots: ")) << (*good)->Account().bad[0];
  config_.mix[1].data.path = folder_ / "nothing";
  EXPECT_TRUE(std::string(Open(config_).status().message()).starts_with("words: "));
}

TEST_F(MixtureTest, ASetThatHoldsNothingIsRefusedByName) {
  config_.mix[0].data.test_share = 1;
  config_.mix[0].data.path = folder_ / "dots/test";
  const auto mixture = Open(config_);
  ASSERT_TRUE(mixture.ok()) << mixture.status();
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "dots: '" + folder_ / "dots/test" + "' holds nothing to train on",
                      std::string(CheckNotEmpty(**mixture, config_).message()));
}

// ---- Its keys

std::string ErrorOf(const std::string& text) {
  DataConfig config;
  return std::string(FromToml(text, "r.toml", {}, &config).message());
}

TEST(MixConfig, ASetTakesFromTheDataSectionWhatItDoesNotName) {
  DataConfig config;
  const absl::Status status = FromToml(
      "kind = 'image_folder'\ncaption = 'a {label}'\non_error = 'skip'\nshow.drop_text = 0.5\n"
      "[[mix]]\nname = 'a'\npath = 'A'\n[[mix]]\nname = 'b'\nkind = 'text'\npath = 'B'\n"
      "show.drop_text = 0.25\n",
      "r.toml", {}, &config);
  ASSERT_TRUE(status.ok()) << status;
  const std::vector<DataConfig> sets = config.Sets();
  ASSERT_EQ(sets.size(), 2u);
  EXPECT_EQ(sets[0].caption, "a {label}");
  EXPECT_EQ(sets[0].show.drop_text, .5);
  EXPECT_EQ(sets[0].on_error, OnError::kSkip);
  EXPECT_EQ(sets[1].kind, DataKind::kText);
  EXPECT_EQ(sets[1].show.drop_text, .25);
  DataConfig read;
  ASSERT_TRUE(FromToml(ToToml(config), "dump", {}, &read).ok()) << ToToml(config);
  EXPECT_EQ(read, config);
}

TEST(MixConfig, RefusesWhatCannotBeMixed) {
  EXPECT_EQ(ErrorOf("[[mix]]\nname = 'a'\nweight = 0"),
            "r.toml: mix.0: weight of a must be above 0; leave the set out instead");
  EXPECT_EQ(ErrorOf("[[mix]]\nname = 'a'\n[[mix]]\nname = 'a'"),
            "r.toml: two sets of mix have the name \"a\"; rename one");
  EXPECT_EQ(ErrorOf("[[mix]]\nname = 'My set'"),
            "r.toml: mix.0: name = \"My set\" must be of the letters a-z, with a letter at least, "
            "0-9 and _");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "name = \"\" must be", ErrorOf("[[mix]]\nweight = 1"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "mix.0.path has no effect",
                      ErrorOf("[[mix]]\nname = 'a'\npath = 'x'"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "mix.0.mix is not a key",
                      ErrorOf("[[mix]]\nname = 'a'\n[[mix.mix]]\nname = 'b'"));
}

}  // namespace
}  // namespace tessera
