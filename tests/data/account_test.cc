// Nothing of a data set is lost silently: every file is read, or told to be passed over or bad.
#include "data/account.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "data/image/image_io.h"
#include "tests/data/file_sets.h"
#include "tests/data/tar_bytes.h"

namespace tessera {
namespace {

using Sentences = std::vector<std::string>;

// The account of a folder's or archive's pictures, bad ones listed.
DataAccount AccountOf(const std::string& path, DataKind kind = DataKind::kImageFolder) {
  const auto dataset = Open(Config(kind, path, OnError::kSkip));
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return dataset.ok() ? (*dataset)->Account() : DataAccount();
}

std::string Png(uint8_t value = 1) { return EncodePng(Dot(value)); }

TEST(DataAccount, ListsReasonsWithCountsAndExamples) {
  const TempFolder folder;
  for (const char* picture : {"a.png", "b.JFIF", "c.jpe", "d.apng", "._a.png", ".x/a.png"}) {
    folder.Write(picture, Png());
  }
  for (const char* file : {"README.md", "00.tar", "captions.json", "captions.parquet"}) {
    folder.Write(file, "x");
  }
  EXPECT_EQ(ToString(AccountOf(folder.path())),
            "documents: 4 to train on, 0 to test on\n"
            "pictures: 4, texts: 0\n"
            "of 1 x 1 pixels: 4\n"
            "no document has a text\n"
            "passed over (hidden files): 2, such as '._a.png'\n"
            "passed over (archives inside the data set): 1, such as '00.tar'\n"
            "passed over (other files): 1, such as 'README.md'\n"
            "passed over (files that look like captions): 2, such as 'captions.json'\n");
}

// Whatever lies in a folder, in whatever form its texts are.
TEST(DataAccount, CountsEveryFileOnce) {
  const std::string pictures[] = {"a.png", "b.jfif",  "c.heif",     "e.jxl",
                                  "f.exr", "y/h.png", "val/v.webp", "x.png"};
  const std::string others[] = {"a.txt", "B.TXT",     "c.cap",     "d.txt",       "x.caption",
                                "n.mp4", "m.csv",     "y/a.7z",    ".z/a.b",      "__p/q/r.txt",
                                "k",     "Thumbs.db", "val/v.txt", "y/h.png.txt", "z.json"};
  const std::string row = R"({"file_name": "a.png", "text": "x"})";
  for (const std::string metadata : {"", "metadata.jsonl", "METADATA.JSONL", "y/metadata.jsonl"}) {
    const TempFolder folder;
    for (const std::string& name : pictures) {
      folder.Write(name, Png());
    }
    for (const std::string& name : others) {
      folder.Write(name, "x");
    }
    if (!metadata.empty()) {
      folder.Write(metadata, row);
    }
    const DataConfig config = Config(DataKind::kImageFolder, folder.path(), OnError::kSkip);
    DataAccount account = (*Open(config))->Account();
    account.AddTest((*Open(config, Split::kTest))->Account());
    // A text stands for the file that it is from; a bad document has lost one file or the other.
    int64_t counted = account.pictures + account.texts + std::ssize(account.bad);
    for (const PassedOver& files : account.passed_over) {
      counted += files.count;
    }
    EXPECT_EQ(counted, std::ssize(pictures) + std::ssize(others) + !metadata.empty())
        << metadata << "\n"
        << ToString(account);
  }
}

TEST(DataAccount, PicturesThatNoRowNamesAreCounted) {
  const TempFolder folder;
  for (const char* name : {"a.png", "b.png", "c.png", "test/d.png"}) {
    folder.Write(name, Png());
  }
  folder.Write("metadata.jsonl",
               "{\"file_name\": \"a.png\", \"text\": \"x\"}\n"
               "{\"file_name\": \"b.png\", \"text\": \" \"}\n");
  const DataAccount account = AccountOf(folder.path());
  EXPECT_EQ(account.passed_over,
            (std::vector<PassedOver>{{"pictures that no row names", 2, "c.png"}}));
  EXPECT_EQ(account.bad,
            Sentences{"'" + folder / "metadata.jsonl" + "' line 2: the text is empty"});
  folder.Write("docs.jsonl", R"({"segments": [{"type": "image", "file_name": "c.png"}]})");
  EXPECT_EQ(AccountOf(folder.path(), DataKind::kDocuments).passed_over,
            (std::vector<PassedOver>{{"pictures that no row names", 3, "a.png"},
                                     {"files that look like captions", 1, "metadata.jsonl"}}));
}

TEST(DataAccount, OneFileOfRowsAFolderIsReadAndAnotherIsCounted) {
  const TempFolder folder;
  const std::string csv = "file_name,text\na.png,csv\n";
  for (const char* name : {"train/a.png", "val/a.png", "more/a.png"}) {
    folder.Write(name, Png());
  }
  folder.Write("train/metadata.jsonl", R"({"file_name": "a.png", "text": "jsonl"})");
  folder.Write("train/metadata.csv", csv);
  folder.Write("val/metadata.csv", csv);
  folder.Write("more/Metadata.CSV", csv);
  DataConfig config = Config(DataKind::kImageFolder, folder.path());
  EXPECT_EQ(DocumentsOf(Open(config)),
            (std::vector<Document>{{{"csv", Dot(1)}}, {{"jsonl", Dot(1)}}}));
  EXPECT_EQ(DocumentsOf(Open(config, Split::kTest)), (std::vector<Document>{{{"csv", Dot(1)}}}));
  EXPECT_EQ(AccountOf(folder.path()).passed_over,
            (std::vector<PassedOver>{{"files that look like captions", 1, "train/metadata.csv"}}));
}

TEST(DataAccount, CaptionsAreReadUnderAllTheirNames) {
  for (const std::string caption :
       {"A.txt", "A.TXT", "A.caption", "A.Caption", "A.JPG.txt", "A.JPG.TXT", "A.JPG.caption"}) {
    const TempFolder folder;
    folder.Write("A.JPG", Png());
    folder.Write(caption,
                 "\xEF\xBB\xBF"
                 "A cat\r\n");
    EXPECT_EQ(DocumentsOf(Open(Config(DataKind::kImageFolder, folder.path()))),
              (std::vector<Document>{{{"A cat", Dot(1)}}}))
        << caption;
  }
}

TEST(DataAccount, CaptionsThatAreNotReadAreNamedAndThatThereIsNoTextIsSaid) {
  for (const std::string caption :
       {"a.cap", "a.json", "s.outputs.txt", "metadata.json", "metadata1000.jsonl", "x/a.txt",
        "metadata.json1", "metadata.parquet", "captions.tsv", "notes.txt"}) {
    const TempFolder folder;
    folder.Write("a.png", Png());
    folder.Write(caption, "a cat");
    EXPECT_EQ(Remarks(AccountOf(folder.path())),
              "no document has a text\npassed over (files that look like captions): 1, such as '" +
                  caption + "'\n");
  }
}

TEST(DataAccount, HiddenRowsPicturesAndTextsAreNoData) {
  const TempFolder folder;
  const std::string old = R"({"file_name": "a.png", "text": "OLD"})";
  for (const std::string hidden :
       {".ipynb_checkpoints/", "__MACOSX/", "@eaDir/", "x/.trash/", "__pycache__/"}) {
    folder.Write(hidden + "a.png", "");
    folder.Write(hidden + "a.txt", "OLD");
    folder.Write(hidden + "metadata.jsonl", old);
    folder.Write(hidden + "docs.jsonl", old);
  }
  folder.Write("._a.png", "");
  folder.Write("a.png", Png());
  folder.Write("a.txt", "new");
  EXPECT_EQ(DocumentsOf(Open(Config(DataKind::kImageFolder, folder.path()))),
            (std::vector<Document>{{{"new", Dot(1)}}}));
  EXPECT_EQ(AccountOf(folder.path()).passed_over,
            (std::vector<PassedOver>{{"hidden files", 21, "._a.png"}}));
  folder.Write("metadata.jsonl", R"({"file_name": ".shown/a.png", "text": "named"})");
  folder.Write(".shown/a.png", Png(2));
  EXPECT_EQ(DocumentsOf(Open(Config(DataKind::kImageFolder, folder.path()))),
            (std::vector<Document>{{{"named", Dot(2)}}}))
      << "a row may name what is hidden";
}

TEST(DataAccount, UnreadableAndLoopingAndEndlessThingsAreToldAndNotRead) {
  const TempFolder folder;
  folder.Write("a.png", Png());
  folder.Write("lost+found/b.png", Png());
  folder.Write("x/c.png", Png());
  std::filesystem::create_directory_symlink(".", folder / "loop");
  std::filesystem::create_directory_symlink("../x", folder / "x/loop");
  std::filesystem::create_directory_symlink("x", folder / "again");
  std::filesystem::create_symlink("/nowhere", folder / "dead.png");
  std::filesystem::create_symlink("self", folder / "self");
  ASSERT_EQ(mkfifo((folder / "pipe.png").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo((folder / ".pipe").c_str(), 0600), 0);
  const DataAccount account = AccountOf(folder.path());
  EXPECT_EQ(account.pictures, 3);  // a.png, x/c.png, again/c.png
  EXPECT_EQ(account.passed_over,
            (std::vector<PassedOver>{{"hidden files", 2, "lost+found/b.png"},
                                     {"links to a folder that they stand in", 3, "again/loop"},
                                     {"FIFOs, sockets and devices", 1, "pipe.png"}}));
  ASSERT_EQ(account.bad.size(), 2u);
  EXPECT_EQ(account.bad[0], "'" + folder / "dead.png" + "' is a link to nothing");
  EXPECT_TRUE(account.bad[1].starts_with("cannot look at '" + folder / "self" + "'"));
  EXPECT_EQ(Open(Config(DataKind::kImageFolder, folder.path())).status().message(),
            account.bad[0] + "; or set data.on_error = \"skip\"");
  EXPECT_EQ(Open(Config(DataKind::kImageFolder, folder / "pipe.png")).status().message(),
            "'" + folder / "pipe.png" +
                "' is a FIFO, a socket or a device; name a folder, an archive or a picture");
}

TEST(DataAccount, ErrorsOfCaptionsNameTheCaption) {
  for (const auto& [bytes, problem] : std::vector<std::pair<std::string, std::string>>{
           {std::string("\xFF\xFE"
                        "A\0",
                        4),
            "the text is UTF-16 or UTF-32; save it as UTF-8"},
           {"caf\xE9", "the text is invalid UTF-8 at byte 3"},
           {"\xEF\xBB\xBF \r\n", "the text is empty"}}) {
    const TempFolder folder;
    folder.Write("a.png", Png());
    folder.Write("a.txt", bytes);
    EXPECT_EQ(Complaint(folder, Config(DataKind::kImageFolder, folder.path())),
              "'a.txt': " + problem);
  }
}

TEST(DataAccount, RowsInUtf16AreNamed) {
  const std::string utf16(
      "\xFF\xFE"
      "f\0i\0",
      6);
  for (const std::string name : {"metadata.csv", "metadata.jsonl"}) {
    const TempFolder folder;
    folder.Write("a.png", Png());
    folder.Write(name, utf16);
    EXPECT_EQ(Complaint(folder, Config(DataKind::kImageFolder, folder.path())),
              "'" + name + "': the text is UTF-16 or UTF-32; save it as UTF-8");
  }
  const TempFolder folder;
  folder.Write("a.png", Png());
  folder.Write("metadata.csv",
               "\xEF\xBB\xBF"
               "file_name,text\na.png,x\n");
  EXPECT_EQ(AccountOf(folder.path()).texts, 1) << "a mark of UTF-8 is none";
}

TEST(DataAccount, APictureIsADataSetWithItsCaptionAndAFileOfRowsWithItsFolder) {
  const TempFolder folder;
  folder.Write("a.png", Png(1));
  folder.Write("a.txt", "an a");
  folder.Write("b.png", Png(2));
  folder.Write("b.txt", "a b");
  EXPECT_EQ(DocumentsOf(Open(Config(DataKind::kImageFolder, folder / "b.png"))),
            (std::vector<Document>{{{"a b", Dot(2)}}}));
  EXPECT_TRUE(AccountOf(folder / "b.png").passed_over.empty());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "is no data set: rows are read from files",
                      Complaint(folder, Config(DataKind::kImageFolder, folder / "b.txt")));
  folder.Write("metadata.csv", "file_name,text\na.png,x\n");
  EXPECT_EQ(DocumentsOf(Open(Config(DataKind::kImageFolder, folder / "metadata.csv"))),
            (std::vector<Document>{{{"x", Dot(1)}}}));
}

TEST(DataAccount, NamesTheFoldersAndRowsThatNamedASplit) {
  const TempFolder folder;
  std::string rows;
  for (const std::string name : {"a.png", "b.png", "valid/c.png", "x/test2014/d.png", "e.png"}) {
    folder.Write(name, EncodePng(Dot(1)));
    const std::string split = name == "a.png" ? R"(, "split": "dev")" : "";
    rows += R"({"file_name": ")" + name + R"(", "text": "x")" + split + "}\n";
  }
  folder.Write("metadata.jsonl", rows);
  const DataConfig config = Config(DataKind::kImageFolder, folder.path());
  DataAccount account = (*Open(config))->Account();
  account.AddTest((*Open(config, Split::kTest))->Account());
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "documents: 2 to train on, 3 to test on\n"
                      "to test on: \"split\": \"dev\", folder valid/, folder x/test2014/\n",
                      ToString(account));
}

TEST(DataAccount, NamesTenOfManyFolders) {
  DataAccount account;
  for (int i = 10; i < 25; ++i) {
    account.test_names.insert("folder val" + std::to_string(i) + "/");
  }
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "folder val19/ and 5 others\n", ToString(account));
}

}  // namespace
}  // namespace tessera
