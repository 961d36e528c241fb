#include "data/document_writer.h"

#include <gtest/gtest.h>

#include "data/inspect_dataset.h"
#include "data/make_dataset.h"
#include "data/pictures_alone.h"
#include "tests/files/faulty_file_system.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

Image Noise(int64_t height, int64_t width) {
  Image image{height, width, {}};
  for (int64_t i = 0; i < height * width * 3; ++i) {
    image.rgb.push_back(static_cast<uint8_t>(HashBytes(std::to_string(i))));
  }
  return image;
}

std::vector<Document> Story() {
  return {{{"one \"quoted\"\nline, ü", Noise(3, 5), Noise(1, 1), "two"}},
          {{Noise(8, 8)}},
          {{"only text"}}};
}

std::unique_ptr<Dataset> ReadBack(const std::string& path, OnError on_error = OnError::kStop) {
  DataConfig config;
  config.kind = DataKind::kDocuments;
  config.path = path;
  config.on_error = on_error;
  config.test_share = 0;
  auto dataset = MakeDataset(config, Split::kTrain, 32, 32, std::make_shared<Files>());
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return *std::move(dataset);
}

std::vector<Document> DocumentsIn(const Dataset& dataset) {
  std::vector<Document> documents;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    documents.push_back(dataset.Get(i).value());
  }
  return documents;
}

TEST(WriteDocuments, IsReadBackEqual) {
  const TempFolder folder;
  ASSERT_TRUE(WriteDocuments(Files(), folder / "out", Story()).ok());
  EXPECT_EQ(DocumentsIn(*ReadBack(folder / "out")), Story());
}

TEST(WriteDocuments, KeepsWhichSegmentsAreReadAndNotLearnt) {
  const TempFolder folder;
  Document chat{{"a system prompt", "a question", Noise(2, 2), "an answer"}, {0, 1, 2}};
  ASSERT_TRUE(WriteDocuments(Files(), folder.path(), {chat}).ok());
  const std::unique_ptr<Dataset> dataset = ReadBack(folder.path());
  EXPECT_EQ(DocumentsIn(*dataset), std::vector<Document>{chat});
  EXPECT_EQ(dataset->Outline(0).value().unscored, chat.unscored);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\nread and not learnt: 3 pictures and texts\n",
                      ToString(CheckDataset(*dataset)));
  EXPECT_EQ(PreviewDataset(*dataset, 1).value().lines,
            std::vector<std::string>{"[not learnt: a system prompt] [not learnt: a question] "
                                     "[not learnt: picture 2x2] an answer"});
  EXPECT_EQ(DocumentsIn(*PicturesAlone(ReadBack(folder.path()))),
            (std::vector<Document>{{{Noise(2, 2)}, {0}}}));
}

TEST(WriteDocuments, FaultsThatPassDoNotShow) {
  const TempFolder folder;
  const Files faulty = FilesWithoutWaiting(std::make_shared<FaultyFileSystem>(0.5, 2), 60);
  ASSERT_TRUE(WriteDocuments(faulty, folder.path(), Story()).ok());
  EXPECT_EQ(DocumentsIn(*ReadBack(folder.path())), Story());
}

TEST(WriteDocuments, LeavesOutTextsWithoutALetter) {
  const TempFolder folder;
  ASSERT_TRUE(WriteDocuments(Files(), folder.path(), {{{"", Noise(1, 1), " \n"}}}).ok());
  EXPECT_EQ(DocumentsIn(*ReadBack(folder.path())), (std::vector<Document>{{{Noise(1, 1)}}}));
  EXPECT_EQ(WriteDocuments(Files(), folder.path(), {{{" "}}}).message(),
            "document 000000 is empty");
}

TEST(CheckDataset, CountsDocumentsPicturesSizesAndTextsWhetherOrNotTheyWereReadBefore) {
  const TempFolder folder;
  ASSERT_TRUE(WriteDocuments(Files(), folder.path(), Story()).ok());
  folder.Write("images/000001_0.png", "");
  for (const OnError on_error : {OnError::kStop, OnError::kSkip}) {
    EXPECT_EQ(ToString(CheckDataset(*ReadBack(folder.path(), on_error))),
              "documents: 2 to train on, 0 to test on\n"
              "pictures: 2, texts: 3\n"
              "texts: 33 bytes, 11 in the mean, 21 at most\n"
              "of 1 x 1 pixels: 1\nof 3 x 5 pixels: 1\n"
              "bad data: 1\n  '" +
                  folder / "docs.jsonl" + "' line 2: 'images/000001_0.png' is an empty file\n");
  }
}

TEST(PreviewDataset, ShowsPicturesOnASheetAndTextsAsLines) {
  const TempFolder folder;
  ASSERT_TRUE(WriteDocuments(Files(), folder.path(), Story()).ok());
  const DatasetPreview preview = PreviewDataset(*ReadBack(folder.path()), 2).value();
  EXPECT_EQ(preview.lines,
            (std::vector<std::string>{"one \"quoted\" line, ü [picture 3x5] [picture 1x1] two",
                                      "[picture 8x8]"}));
  EXPECT_EQ(preview.sheet.height, 8 * 12 + 2 * 4);  // 96 / 8 = 12 times as large
}

}  // namespace
}  // namespace tessera
