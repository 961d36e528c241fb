// When a folder's name is the caption of its pictures, and how that is told.
#include <gtest/gtest.h>

#include "data/file_names.h"
#include "data/image/image_io.h"
#include "tests/data/file_sets.h"
#include "tests/data/tar_bytes.h"

namespace tessera {
namespace {

using Names = std::vector<std::string>;

TEST(ClassesOf, AreTheFoldersOfPicturesThatLieEquallyDeep) {
  EXPECT_EQ(ClassesOf({"cat/a.png", "cat/b.png", "dog/a.png"}), (Names{"cat", "cat", "dog"}));
  EXPECT_EQ(ClassesOf({"train/cat/a.png", "val/dog/a.png"}), (Names{"cat", "dog"}));
  EXPECT_EQ(ClassesOf({"set/train/0/a.png", "set/test/1/a.png"}), (Names{"0", "1"}));
  EXPECT_EQ(ClassesOf({"train/test/a.png", "train/dev/a.png"}), (Names{"test", "dev"}))
      << "the outer folder names the split, the inner one a class";
}

TEST(ClassesOf, AreNoneWhereFoldersMayMeanAnythingElse) {
  const Names flat = {"a.png", "b.png"}, mixed = {"a.png", "cat/b.png", "dog/c.png"};
  const Names one_folder = {"images/a.png", "images/b.png"};
  const Names one_folder_a_split = {"train/images/a.png", "val/images/b.png"};
  const Names splits_alone = {"train/a.png", "val/b.png"};
  const Names unequally_deep = {"cat/a.png", "dog/b.png", "dog/puppies/c.png"};
  for (const Names& pictures :
       {Names(), flat, mixed, one_folder, one_folder_a_split, splits_alone, unequally_deep}) {
    EXPECT_EQ(ClassesOf(pictures), Names()) << testing::PrintToString(pictures);
  }
}

std::vector<Document> Captioned(const std::string& cat, const std::string& dog) {
  return {{{cat, Dot(1)}}, {{cat, Dot(2)}}, {{dog, Dot(3)}}};
}

class ClassFolders : public testing::Test {
 protected:
  ClassFolders() {
    Write("train/cat/1.png", 1);
    Write("train/cat/2.png", 2);
    Write("train/dog/3.png", 3);
    Write("val/dog/4.png", 4);
  }

  void Write(const std::string& name, uint8_t value) {
    files_.push_back({name, EncodePng(Dot(value))});
    folder_.Write("set/" + name, files_.back().bytes);
  }

  TempFolder folder_;
  std::vector<TarEntry> files_;
  DataConfig config_ = Config(DataKind::kImageFolder, folder_ / "set");
};

TEST_F(ClassFolders, GiveTheirNamesInTheTemplateToThePicturesOfAFolderAndOfATar) {
  EXPECT_EQ(DocumentsOf(Open(config_)), Captioned("cat", "dog"));
  EXPECT_EQ(DocumentsOf(Open(config_, Split::kTest)), (std::vector<Document>{{{"dog", Dot(4)}}}));
  folder_.Write("set.tar", TarBytes(files_));
  config_.path = folder_ / "set.tar";
  config_.caption = "a photo of a {label}, {label}!";
  EXPECT_EQ(DocumentsOf(Open(config_)),
            Captioned("a photo of a cat, cat!", "a photo of a dog, dog!"));
}

TEST_F(ClassFolders, AreToldByTheAccountWithTheFoldersThatNamedTheSplits) {
  config_.caption = "a {label}";
  DataAccount account = (*Open(config_))->Account();
  account.AddTest((*Open(config_, Split::kTest))->Account());
  EXPECT_EQ(ToString(account),
            "documents: 3 to train on, 1 to test on\n"
            "to train on: folder train/\n"
            "to test on: folder val/\n"
            "pictures: 4, texts: 4\n"
            "texts: 20 bytes, 5 in the mean, 5 at most\n"
            "captions by folder: cat (2), dog (2)\n");
}

TEST_F(ClassFolders, AreNoCaptionsUnderAnEmptyTemplateNorBesideAnyText) {
  config_.caption = "";
  EXPECT_EQ(DocumentsOf(Open(config_)),
            (std::vector<Document>{{{Dot(1)}}, {{Dot(2)}}, {{Dot(3)}}}));
  EXPECT_EQ(Remarks((*Open(config_))->Account()), "no document has a text\n");
  config_.caption = "{label}";
  folder_.Write("set/val/dog/4.txt", "written");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "its text 'train/cat/1.txt' is missing",
                      std::string(Open(config_).status().message()));
  folder_.Write("set/train/metadata.jsonl", R"({"file_name": "cat/1.png", "text": "a row"})");
  EXPECT_EQ(DocumentsOf(Open(config_)), (std::vector<Document>{{{"a row", Dot(1)}}}));
}

TEST_F(ClassFolders, WhoseNameIsNoTextAreBadData) {
  folder_.Write("set/train/\xFF/5.png", EncodePng(Dot(5)));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "the text is invalid UTF-8",
                      std::string(Open(config_).status().message()));
  config_.on_error = OnError::kSkip;
  EXPECT_EQ(DocumentsOf(Open(config_)), Captioned("cat", "dog"));
}

TEST(DataConfig, ATemplateWithoutTheLabelIsRefused) {
  DataConfig config;
  config.caption = "a photo";
  EXPECT_EQ(config.Problem(),
            "caption must contain {label}, which the label replaces, or be empty");
}

}  // namespace
}  // namespace tessera
