// What all data sets of files have in common.
#include "data/make_dataset.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "data/image/image_io.h"
#include "tests/data/file_sets.h"
#include "tests/data/tar_bytes.h"
#include "tests/files/faulty_file_system.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

TEST(MakeDataset, TellsTheKindsOfFolderApart) {
  const TempFolder folder;
  folder.Write("images/a.png", EncodePng(Dot(1)));
  EXPECT_EQ(Open(Config(DataKind::kDocuments, folder.path())).status().message(),
            "'" + folder.path() + "' holds no docs.jsonl; is data.kind = \"image_folder\" meant?");
  folder.Write("docs.jsonl", "");
  EXPECT_EQ(Open(Config(DataKind::kImageFolder, folder.path())).status().message(),
            "'" + folder.path() + "' holds documents; say data.kind = \"documents\"");
}

TEST(MakeDataset, SkipLeavesOutBadDocumentsAndListsThemWhateverTheThreads) {
  const TempFolder folder;
  std::string rows;
  for (int i = 0; i < 40; ++i) {
    const std::string name = std::to_string(i) + ".png";
    const std::string png = EncodePng(Dot(static_cast<uint8_t>(i)));
    folder.Write(name, i % 4 == 3 ? png.substr(0, 30) : png);
    rows += R"({"file_name": ")" + name + R"(", "text": ")" + (i % 10 == 0 ? "" : "x") + "\"}\n";
  }
  folder.Write("metadata.jsonl", rows);
  DataConfig config = Config(DataKind::kImageFolder, folder.path(), OnError::kSkip);
  const auto one = Open(config);
  config.threads = 4;
  const auto four = Open(config);
  EXPECT_EQ(DocumentsOf(one).size(), 40u - 4 - 10);
  EXPECT_EQ(DocumentsOf(one), DocumentsOf(four));
  const std::vector<std::string> bad = (*one)->Account().bad;
  EXPECT_EQ(bad, (*four)->Account().bad);
  ASSERT_EQ(bad.size(), 14u);
  EXPECT_EQ(bad[0], "'" + folder / "metadata.jsonl" + "' line 1: the text is empty");
  EXPECT_EQ(bad[4], "'" + folder / "metadata.jsonl" + "' line 4: '3.png' is a truncated PNG");
}

TEST(MakeDataset, SkipLeavesOutALineNestedTooDeep) {
  const TempFolder folder;
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const std::string good = R"({"segments": [{"type": "text", "text": "x"}]})";
  folder.Write("docs.jsonl", R"({"a":)" + deep + "}\n" + good);
  const auto dataset = Open(Config(DataKind::kDocuments, folder.path(), OnError::kSkip));
  EXPECT_EQ(DocumentsOf(dataset), (std::vector<Document>{{{"x"}}}));
  EXPECT_EQ((*dataset)->Account().bad,
            std::vector{"'" + folder / "docs.jsonl" +
                        "' line 1: bad JSON at byte 261: nested deeper than 256 levels"});
}

TEST(MakeDataset, SkipLeavesOutMalformedCsvRows) {
  const TempFolder folder;
  folder.Write("a.png", EncodePng(Dot(1)));
  folder.Write("metadata.csv", "file_name,text\na.png,one\na.png,\"two\na.png,three\n");
  const auto dataset = Open(Config(DataKind::kImageFolder, folder.path(), OnError::kSkip));
  EXPECT_EQ(DocumentsOf(dataset), (std::vector<Document>{{{"one", Dot(1)}}, {{"three", Dot(1)}}}));
  EXPECT_EQ((*dataset)->Account().bad,
            std::vector{"'" + folder / "metadata.csv" + "' line 3: a quote is not closed"});
}

TEST(MakeDataset, SkipLeavesOutAndListsAFileWhoseNameLeavesItsArchive) {
  const TempFolder folder;
  folder.Write("set.tar",
               TarBytes({{"a.png", EncodePng(Dot(1))}, {"../b.png", EncodePng(Dot(2))}}));
  const auto dataset = Open(Config(DataKind::kImageFolder, folder / "set.tar", OnError::kSkip));
  EXPECT_EQ(DocumentsOf(dataset), (std::vector<Document>{{{Dot(1)}}}));
  EXPECT_EQ((*dataset)->Account().bad,
            std::vector{"the archive '" + folder / "set.tar" +
                        "': '../b.png' leads out of the folder; names must be relative to it"});
}

TEST(MakeDataset, FollowsLinksOutOfAFolder) {
  const TempFolder folder, elsewhere;
  elsewhere.Write("dot", EncodePng(Dot(1)));
  std::filesystem::create_symlink(elsewhere / "dot", folder / "a.png");
  EXPECT_EQ(DocumentsOf(Open(Config(DataKind::kImageFolder, folder.path()))),
            (std::vector<Document>{{{Dot(1)}}}));
}

TEST(MakeDataset, NothingToTrainOnIsAnErrorThatTellsWhy) {
  const TempFolder folder;
  folder.Write("a.png", "");
  folder.Write(".b.png", "");
  const DataConfig config = Config(DataKind::kImageFolder, folder.path(), OnError::kSkip);
  const auto empty = Open(config);
  EXPECT_EQ((*empty)->size(), 0);
  EXPECT_EQ(CheckNotEmpty(**empty, config).message(),
            "'" + folder.path() + "' holds nothing to train on; bad data: 1, the first: '" +
                folder / "a.png" +
                "': 'a.png' is an empty file; passed over (hidden files): 1, such as '.b.png'");
  EXPECT_EQ(Open(Config(DataKind::kImageFolder, "")).status().message(),
            "data.path is empty; name a folder, .tar, .tar.gz, .zip or picture");
}

TEST(MakeDataset, SplitsByTheFolderOfTheDocumentsAndTellsWhenAllAreToTestOn) {
  const TempFolder folder;
  const std::string two = R"({"segments": [{"type": "text", "text": "x"}]})"
                          "\n"
                          R"({"segments": [{"type": "text", "text": "y"}], "split": "Training"})";
  folder.Write("val/docs.jsonl", two);
  DataConfig config = Config(DataKind::kDocuments, folder.path());
  EXPECT_EQ(DocumentsOf(Open(config)), (std::vector<Document>{{{"y"}}}));
  EXPECT_EQ(DocumentsOf(Open(config, Split::kTest)), (std::vector<Document>{{{"x"}}}));
  folder.Write("val/docs.jsonl", two.substr(0, two.find('\n')));
  EXPECT_EQ(CheckNotEmpty(**Open(config), config).message(),
            "'" + folder.path() +
                "' holds nothing to train on; documents to test on, as their folder, their row or "
                "data.test_share says: 1");
}

TEST(MakeDataset, ShrinksLargePicturesByAWholeFactor) {
  const TempFolder folder;
  folder.Write("large.png", EncodePng({200, 330, std::vector<uint8_t>(200 * 330 * 3, 50)}));
  folder.Write("small.png", EncodePng({127, 330, std::vector<uint8_t>(127 * 330 * 3, 50)}));
  const auto documents = DocumentsOf(Open(Config(DataKind::kImageFolder, folder.path())));
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(AsImage(documents[0].segments[0])->height, 200 / 3);
  EXPECT_EQ(AsImage(documents[0].segments[0])->width, 110);
  EXPECT_EQ(AsImage(documents[1].segments[0])->height, 127);
}

TEST(MakeDataset, ReadsThroughFaultsAsIfThereWereNone) {
  const TempFolder folder;
  for (int i = 0; i < 60; ++i) {
    folder.Write(std::to_string(i) + ".png", EncodePng(Dot(static_cast<uint8_t>(i))));
    folder.Write(std::to_string(i) + ".txt", std::to_string(i));
  }
  const DataConfig config = Config(DataKind::kImageFolder, folder.path());
  const auto system = std::make_shared<FaultyFileSystem>(0.3, 5);
  const auto faulty = MakeDataset(config, Split::kTrain, 32, 32,
                                  std::make_shared<Files>(FilesWithoutWaiting(system)));
  EXPECT_EQ(DocumentsOf(faulty), DocumentsOf(Open(config)));
  EXPECT_GT(system->faults(), 50);
}

TEST(MakeDataset, ADiskThatKeepsFailingStopsEvenWhenBadDataIsSkipped) {
  const TempFolder folder;
  for (int i = 0; i < 40; ++i) {
    folder.Write(std::to_string(i) + ".png", EncodePng(Dot(1)));
  }
  const auto system = std::make_shared<FaultyFileSystem>(0.3, 5);
  const auto faulty =
      MakeDataset(Config(DataKind::kImageFolder, folder.path(), OnError::kSkip), Split::kTrain, 32,
                  32, std::make_shared<Files>(FilesWithoutWaiting(system, /*tries=*/2)));
  EXPECT_TRUE(absl::IsUnavailable(faulty.status())) << faulty.status();
}

TEST(MakeDataset, ReadsTheSpritesThatComeWithTheProject) {
  const DataConfig config =
      Config(DataKind::kImageFolder, TESSERA_SOURCE_DIR "/assets/sprites.tar");
  const auto train = Open(config), test = Open(config, Split::kTest);
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_EQ((*train)->size(), 1804);
  EXPECT_EQ((*test)->size(), 221);
  const Document first = (*train)->Get(0).value();
  EXPECT_EQ(*AsText(first.segments[0]), "dungeon: cheibriados, altars");
  EXPECT_EQ(AsImage(first.segments[1])->height, 32);
}

TEST(MakeDataset, DrawsShapesOnSquaresOnly) {
  DataConfig config;
  config.shapes.count = 3;
  EXPECT_EQ(Open(config).value()->size(), 3);
  EXPECT_TRUE(absl::IsInvalidArgument(
      MakeDataset(config, Split::kTrain, 32, 48, std::make_shared<Files>()).status()));
}

}  // namespace
}  // namespace tessera
