#include "data/convert.h"

#include <filesystem>

#include "data/image/image_io.h"
#include "tests/data/file_sets.h"

namespace tessera {
namespace {

// Captioned pictures in PNG and JPEG, five to train on and two to test on.
class ConvertTest : public testing::Test {
 protected:
  ConvertTest() {
    std::string rows;
    for (int i = 0; i < 7; ++i) {
      const bool jpeg = i % 2 == 1;
      const std::string name = std::to_string(i) + (jpeg ? ".jpeg" : ".png");
      const Image image{2, 3, std::vector<uint8_t>(18, static_cast<uint8_t>(20 * i))};
      folder_.Write("set/" + name, jpeg ? EncodeJpeg(image) : EncodePng(image));
      rows += R"({"file_name": ")" + name + R"(", "text": " number )" + std::to_string(i) +
              R"(\n", "split": ")" + (i < 5 ? "train" : "test") + "\"}\n";
    }
    folder_.Write("set/metadata.jsonl", rows);
  }

  absl::StatusOr<Converted> To(DataForm form, const DataConfig& from, const std::string& out) {
    std::shared_ptr<const Dataset> train = *Open(from), test = *Open(from, Split::kTest);
    return Convert({{"train", train}, {"test", test}}, folder_ / out, {form, 2, {}}, Files());
  }

  void ExpectEqual(const DataConfig& a, const DataConfig& b) {
    for (const Split split : {Split::kTrain, Split::kTest}) {
      EXPECT_EQ(DocumentsOf(Open(a, split)), DocumentsOf(Open(b, split)));
      const auto left = *Open(a, split), right = *Open(b, split);
      for (int64_t i = 0; i < left->size(); ++i) {
        EXPECT_EQ(*left->PictureFile(i, 1), *right->PictureFile(i, 1)) << "their bytes";
      }
    }
  }

  TempFolder folder_;
  DataConfig set_ = Config(DataKind::kImageFolder, folder_ / "set");
};

TEST_F(ConvertTest, ThroughEveryFormAndBackGivesTheSameDocumentsAndBytes) {
  const auto shards = To(DataForm::kWebDataset, set_, "shards");
  ASSERT_TRUE(shards.ok()) << shards.status();
  EXPECT_EQ(shards->documents, 7);
  EXPECT_EQ(shards->files, 4) << "of two documents, but for the last of each split";
  const DataConfig from_shards = Config(DataKind::kWebDataset, folder_ / "shards");
  ExpectEqual(set_, from_shards);
  ASSERT_TRUE(To(DataForm::kDocuments, from_shards, "docs").ok());
  const DataConfig from_docs = Config(DataKind::kDocuments, folder_ / "docs");
  ExpectEqual(set_, from_docs);
  ASSERT_TRUE(To(DataForm::kImageFolder, from_docs, "folder").ok());
  ExpectEqual(set_, Config(DataKind::kImageFolder, folder_ / "folder"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "folder/train/000001.jpg"));
}

TEST_F(ConvertTest, DrawnPicturesAndSegmentsThatAreNotLearntAreKept) {
  folder_.Write("more/docs.jsonl", R"({"segments": [{"type": "text", "text": "q", "loss": false},)"
                                   R"( {"type": "text", "text": "a"}]})");
  const DataConfig more = Config(DataKind::kDocuments, folder_ / "more");
  ASSERT_TRUE(To(DataForm::kDocuments, more, "copy").ok());
  EXPECT_EQ(DocumentsOf(Open(more)),
            DocumentsOf(Open(Config(DataKind::kDocuments, folder_ / "copy"))));
  DataConfig shapes;
  shapes.shapes.count = 3;
  ASSERT_TRUE(To(DataForm::kImageFolder, shapes, "shapes").ok());
  EXPECT_EQ(DocumentsOf(Open(shapes)),
            DocumentsOf(Open(Config(DataKind::kImageFolder, folder_ / "shapes"))));
}

TEST_F(ConvertTest, RefusesAFolderThatIsNotEmptyAndDocumentsWithoutAPlaceAndLeavesNothing) {
  folder_.Write("full/a", "x");
  EXPECT_EQ(To(DataForm::kDocuments, set_, "full").status().message(),
            "'" + folder_ / "full" + "' is there and not empty; name another --out");
  folder_.Write("texts/w.txt", "one\ntwo\n");
  const absl::Status texts =
      To(DataForm::kWebDataset, Config(DataKind::kText, folder_ / "texts"), "out").status();
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "w.txt' line 1: the document is no picture",
                      std::string(texts.message()));
  folder_.Write("set/3.jpeg", "GIF89a");
  EXPECT_FALSE(To(DataForm::kWebDataset, set_, "out").ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.unfinished"));
}

}  // namespace
}  // namespace tessera
