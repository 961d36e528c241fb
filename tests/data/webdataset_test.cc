// Samples of WebDataset, good and bad.
#include "data/webdataset.h"

#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/data/file_sets.h"
#include "tests/data/tar_bytes.h"

namespace tessera {
namespace {

const std::string kPng = EncodePng(Dot(1));

class Samples : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Dataset>> Opened(const std::vector<TarEntry>& entries,
                                                  Split split = Split::kTrain) {
    folder_.Write("set.tar", TarBytes(entries));
    config_.path = folder_ / "set.tar";
    return Open(config_, split);
  }

  TempFolder folder_;
  DataConfig config_ = Config(DataKind::kWebDataset, "");
};

TEST_F(Samples, AreFilesWithEqualNamesUpToTheFirstDotOfTheBase) {
  EXPECT_EQ(DocumentsOf(Opened({{"v1.0/a.png", kPng},
                                {"v1.0/a.txt", " a text\n"},
                                {"b.left.PNG", EncodePng(Dot(2))},
                                {"b.txt", "b"},
                                {"b.txt.bak", "x"}})),
            (std::vector<Document>{{{"b", Dot(2)}}, {{"a text", Dot(1)}}}));
}

TEST_F(Samples, HaveTheirTextInATxtElseACaptionElseAJson) {
  EXPECT_EQ(DocumentsOf(Opened({{"a.png", kPng},
                                {"a.txt", "txt"},
                                {"a.json", R"({"caption": "json"})"},
                                {"b.png", kPng},
                                {"b.json", R"({"url": "x", "caption": "json"})"},
                                {"c.png", kPng},
                                {"c.caption", "caption"},
                                {"c.cls", "7"}})),
            (std::vector<Document>{{{"txt", Dot(1)}}, {{"json", Dot(1)}}, {{"caption", Dot(1)}}}));
}

TEST_F(Samples, OfClassesHaveTheLabelInTheTemplate) {
  config_.caption = "a {label}";
  const std::vector<TarEntry> entries = {
      {"a.png", kPng}, {"a.cls", "7"}, {"b.png", kPng}, {"b.cls", "cat"}};
  EXPECT_EQ(DocumentsOf(Opened(entries)),
            (std::vector<Document>{{{"a 7", Dot(1)}}, {{"a cat", Dot(1)}}}));
  config_.caption = "";
  EXPECT_EQ(DocumentsOf(Opened(entries)), (std::vector<Document>{{{Dot(1)}}, {{Dot(1)}}}));
}

TEST_F(Samples, AreSplitByTheNameOfTheirShardAndOfTheirFolder) {
  const std::vector<TarEntry> entries = {{"val/a.png", kPng}, {"train/b.png", kPng}};
  EXPECT_EQ(Opened(entries).value()->size(), 1);
  EXPECT_EQ(Opened(entries, Split::kTest).value()->size(), 1);
  folder_.Write("all/set-test-000.tar", TarBytes({{"a.png", kPng}}));
  config_.path = folder_ / "all";
  EXPECT_EQ(Open(config_).value()->size(), 0);
}

TEST_F(Samples, ThatAreBadAreToldAndAllFilesAreCounted) {
  config_.on_error = OnError::kSkip;
  const auto dataset = Opened({{"a.png", kPng},
                               {"a.txt", "a"},
                               {"b.txt", "no picture"},
                               {"c.png", kPng},
                               {"c.right.png", kPng},
                               {"d.png", kPng},
                               {"e.png", kPng},
                               {"e.json", "{"},
                               {"f.png", kPng},
                               {"f.txt", " "},
                               {"g.mp3", "x"},
                               {"README", "x"},
                               {".hidden.png", "x"}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(DocumentsOf(dataset), (std::vector<Document>{{{"a", Dot(1)}}}));
  const DataAccount account = (*dataset)->Account();
  const std::string at = "'" + folder_ / "set.tar";
  EXPECT_EQ(account.bad,
            (std::vector<std::string>{
                at + "/b': the sample has no picture", at + "/c': the sample has several pictures",
                at + "/e': 'set.tar/e.json': bad JSON at byte 2: syntax error while parsing object "
                     "key - unexpected end of input; expected string literal",
                at + "/f': 'set.tar/f.txt': the text is empty",
                at + "/d': the sample has no text, as the others have"}));
  EXPECT_EQ(account.passed_over,
            (std::vector<PassedOver>{{"hidden files", 1, "set.tar/.hidden.png"},
                                     {"other files", 2, "set.tar/README"},
                                     {"files that look like captions", 1, "set.tar/b.txt"}}));
}

}  // namespace
}  // namespace tessera
