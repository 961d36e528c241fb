// Files that webdataset, datasets and pyarrow have written hold the documents of the folder that
// they were given, and train to the bit alike.
#include <gtest/gtest.h>

#include <cstdlib>

#include "data/image/image_io.h"
#include "data/parquet_file.h"
#include "tests/data/file_sets.h"
#include "tests/python.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

Image Random(uint64_t seed) {
  Image image{8, 8, {}};
  for (int i = 0; i < 8 * 8 * 3; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    image.rgb.push_back(static_cast<uint8_t>(seed >> 56));
  }
  return image;
}

class FilesOfOthers : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [split, count] : {std::pair("train", 18), {"test", 4}}) {
      for (int i = 0; i < count; ++i) {
        const std::string label = 2 * i < count ? "cat" : "dog";
        folder_.Write(
            std::string("in/") + split + "/" + label + "/" + std::to_string(100 + i) + ".png",
            EncodePng(Random(static_cast<uint64_t>(i + count))));
      }
    }
    const std::string python = PythonWith(
        "data_forms", "webdataset==1.0.2 datasets==5.2.0 pyarrow==26.0.1 pillow==13.0.0");
    NEEDS_PYTHON(python);
    const std::string script = "'" TESSERA_SOURCE_DIR "/tests/data/data_forms.py' '" +
                               folder_ / "in" + "' '" + folder_ / "out" + "'";
    ASSERT_EQ(std::system(PythonCommand(python, script).c_str()), 0);
  }

  void ExpectTheDocumentsOfTheFolder(DataKind kind, const std::string& path) const {
    for (const Split split : {Split::kTrain, Split::kTest}) {
      const auto expected = Open(Config(DataKind::kImageFolder, folder_ / "in"), split);
      EXPECT_EQ(DocumentsOf(Open(Config(kind, folder_ / path), split)), DocumentsOf(expected))
          << path;
    }
  }

  std::vector<std::string> Losses(const std::string& kind, const std::string& path) const {
    const std::string out = folder_ / "runs/" + kind;
    const absl::Status trained =
        TrainTiny(TinyRun({"data.kind=" + kind, "data.path=" + folder_ / path}), out);
    EXPECT_TRUE(trained.ok()) << trained;
    return LogOf(out);
  }

  bool ReadsParquet() const {
    return !absl::IsUnimplemented(
        OpenParquetFile(folder_ / "none", std::make_shared<Files>()).status());
  }

  TempFolder folder_;
};

TEST_F(FilesOfOthers, ShardsOfWebdatasetHoldTheSameDocumentsAndTrainAlike) {
  ExpectTheDocumentsOfTheFolder(DataKind::kWebDataset, "out/shards");
  ExpectTheDocumentsOfTheFolder(DataKind::kWebDataset, "out/texts/train-{000000..000003}.tar::" +
                                                           folder_ / "out/texts/test-000000.tar");
  EXPECT_EQ(Losses("webdataset", "out/shards"), Losses("image_folder", "in"));
}

TEST_F(FilesOfOthers, ParquetOfDatasetsHoldsTheSameDocumentsAndTrainsAlike) {
  if (!ReadsParquet()) {
    GTEST_SKIP() << "this build reads no parquet; scripts/setup.sh --parquet makes one that does";
  }
  ExpectTheDocumentsOfTheFolder(DataKind::kParquet, "out/hub");
  EXPECT_EQ(Losses("parquet", "out/hub"), Losses("image_folder", "in"));
}

TEST_F(FilesOfOthers, ParquetOfPyarrowWithTextsSplitsAndNullsIsReadAndItsColumnsAreTold) {
  if (!ReadsParquet()) {
    GTEST_SKIP() << "this build reads no parquet; scripts/setup.sh --parquet makes one that does";
  }
  DataConfig config = Config(DataKind::kParquet, folder_ / "out/plain", OnError::kSkip);
  const auto train = Open(config);
  EXPECT_EQ(DocumentsOf(train).size(), 17);
  EXPECT_EQ((*train)->Get(16).value(), (Document{{"dog 116", Random(16 + 18)}}));
  EXPECT_EQ((*train)->Account().bad,
            std::vector<std::string>{"'" + folder_ / "out/plain/all.parquet" +
                                     "' row 21: its text is null"});
  const auto complaint = [&](const std::string& picture, const std::string& text) {
    config.picture_column = picture;
    config.text_column = text;
    return std::string(Open(config).status().message());
  };
  const std::string at = "'" + folder_ / "out/plain/all.parquet': ";
  EXPECT_EQ(complaint("id", ""), at + "column id holds no pictures: it is no struct{bytes, path}");
  EXPECT_EQ(complaint("", "id"), at + "column id holds neither texts nor whole numbers");
  EXPECT_EQ(complaint("", "title"), at + "there is no column title; name one of id, caption, img, "
                                         "split, words.list.element in data.text_column");
}

}  // namespace
}  // namespace tessera
