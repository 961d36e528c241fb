// Captioned pictures and documents as files tell them, good and bad.
#include "data/image_folder.h"

#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/data/file_sets.h"
#include "tests/data/tar_bytes.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

std::string ComplaintAboutRow(const std::string& row) {
  const TempFolder folder;
  folder.Write("a.png", EncodePng(Dot(1)));
  folder.Write("metadata.jsonl", "\n" + row + "\n");
  return Complaint(folder, Config(DataKind::kImageFolder, folder.path()));
}

std::string ComplaintAboutPicture(const std::string& name, const std::string& bytes) {
  const TempFolder folder;
  folder.Write(name, bytes);
  folder.Write("metadata.jsonl", R"({"file_name": ")" + name + R"(", "text": "a dot"})");
  return Complaint(folder, Config(DataKind::kImageFolder, folder.path()));
}

std::string ComplaintAboutDocument(const std::string& line) {
  const TempFolder folder;
  folder.Write("docs.jsonl", line);
  return Complaint(folder, Config(DataKind::kDocuments, folder.path()));
}

TEST(ImageFolder, JsonlCsvSidecarsAndTarsGiveTheSameDocuments) {
  const std::string png[] = {EncodePng(Dot(1)), EncodePng(Dot(2))};
  const std::string csv = "text,file_name\r\n\"one, \"\"1\"\"\",a.png\r\ntwo,b/c.png\r\n";
  const std::string jsonl =
      "{\"file_name\": \"a.png\", \"text\": \"one, \\\"1\\\"\"}\n\n"
      "{\"file_name\": \"./b/c.png\", \"text\": \"two\", \"more\": [1]}";
  const TempFolder folder;
  for (const std::string set : {"jsonl/", "csv/", "sidecars/"}) {
    folder.Write(set + "a.png", png[0]);
    folder.Write(set + "b/c.png", png[1]);
    folder.Write(set + "README.txt", "not a caption");
  }
  folder.Write("jsonl/metadata.jsonl", jsonl);
  folder.Write("csv/metadata.csv", csv);
  folder.Write("sidecars/a.txt", "one, \"1\"\n");
  folder.Write("sidecars/b/c.txt", "two");
  folder.Write("set.tar",
               TarBytes({{"a.png", png[0]}, {"b/c.png", png[1]}, {"metadata.jsonl", jsonl}}));
  // As `tar c folder` packs it: everything below one folder.
  folder.Write("deep.tar",
               TarBytes({{"x/a.png", png[0]}, {"x/b/c.png", png[1]}, {"x/metadata.csv", csv}}));
  const std::vector<Document> expected = {{{"one, \"1\"", Dot(1)}}, {{"two", Dot(2)}}};
  for (const char* path : {"jsonl", "csv", "sidecars", "set.tar", "deep.tar"}) {
    EXPECT_EQ(DocumentsOf(Open(Config(DataKind::kImageFolder, folder / path))), expected) << path;
  }
}

TEST(ImageFolder, PicturesWithoutAnyTextAreDocumentsOfOnePicture) {
  const TempFolder folder;
  folder.Write("b.PNG", EncodePng(Dot(2)));
  folder.Write("a.webp", EncodePng(Dot(1)));  // a wrong extension does not matter
  EXPECT_EQ(DocumentsOf(Open(Config(DataKind::kImageFolder, folder.path()))),
            (std::vector<Document>{{{Dot(1)}}, {{Dot(2)}}}));
}

TEST(Documents, ALossThatIsNeitherTrueNorFalseIsBad) {
  for (const std::string loss : {"0", "null", "\"false\""}) {
    EXPECT_EQ(ComplaintAboutDocument(R"({"segments": [{"type": "text", "text": "x"}, )"
                                     R"({"type": "text", "text": "y", "loss": )" +
                                     loss + "}]}"),
              "'docs.jsonl' line 1: segment 2: \"loss\" is neither true nor false");
  }
}

TEST(ImageFolder, SplitsByColumnByFolderAndElseByHash) {
  const TempFolder folder;
  std::string rows = R"({"file_name": "1.png", "text": "1", "split": "test"})"
                     "\n"
                     R"({"file_name": "2.png", "text": "2", "split": "validation"})"
                     "\n"
                     R"({"file_name": "3.png", "text": "3", "split": "train"})"
                     "\n"
                     R"({"file_name": "test/4.png", "text": "4"})"
                     "\n";
  for (const char* name : {"1.png", "2.png", "3.png", "test/4.png"}) {
    folder.Write(name, EncodePng(Dot(0)));
  }
  for (int i = 0; i < 400; ++i) {
    const std::string name = "many/" + std::to_string(i) + ".png";
    folder.Write(name, "");
    rows += R"({"file_name": ")" + name +
            R"(", "text": "x"})"
            "\n";
  }
  folder.Write("metadata.jsonl", rows);
  DataConfig config = Config(DataKind::kImageFolder, folder.path());
  EXPECT_EQ(Open(config, Split::kTest).value()->size(), 3);
  EXPECT_EQ(Open(config, Split::kTrain).value()->size(), 401);
  config.test_share = 0.25;
  const int64_t test = Open(config, Split::kTest).value()->size();
  EXPECT_NEAR(static_cast<double>(test), 103, 25);
  EXPECT_EQ(Open(config, Split::kTrain).value()->size(), 404 - test);
  EXPECT_TRUE(absl::IsInvalidArgument(Open(config, Split::kHeldOut).status()));
}

TEST(ImageFolder, ABadRowIsOneSentenceWithFileLineAndReason) {
  const std::string where = "'metadata.jsonl' line 2: ";
  EXPECT_EQ(ComplaintAboutRow(R"({"file_name": "b.png", "text": "x"})"),
            where + "'b.png' is missing");
  EXPECT_EQ(ComplaintAboutRow(R"({"file_name": "../b.png", "text": "x"})"),
            where + "'../b.png' leads out of the folder; names must be relative to it");
  EXPECT_EQ(ComplaintAboutRow(R"({"file_name": "/b.png", "text": "x"})"),
            where + "'/b.png' leads out of the folder; names must be relative to it");
  EXPECT_EQ(ComplaintAboutRow(R"({"file_name": "a.png", "text": " "})"),
            where + "the text is empty");
  EXPECT_EQ(ComplaintAboutRow(R"({"file_name": "a.png", "text": 3})"),
            where + "\"text\" is not a string");
  EXPECT_EQ(ComplaintAboutRow(R"({"filename": "a.png", "text": "x"})"),
            where + "there is no \"file_name\"; the nearest name is \"filename\"");
  EXPECT_EQ(ComplaintAboutRow(R"({"file_name": "a.png", "text": "x", "split": "trian"})"),
            where + "unknown split \"trian\"; the nearest is \"train\"");
  EXPECT_EQ(ComplaintAboutRow("{\"file_name\": \"a.png\", \"text\": \"\xFF\"}"),
            where + "invalid UTF-8 at byte 32");
  EXPECT_TRUE(
      ComplaintAboutRow("{\"file_name\": \"a.png\"").starts_with(where + "bad JSON at byte"));
  EXPECT_EQ(ComplaintAboutRow("[]"), where + "not a JSON object");
}

TEST(ImageFolder, ABadCsvSaysSo) {
  const auto complaint = [](const std::string& csv) {
    const TempFolder folder;
    folder.Write("a.png", EncodePng(Dot(1)));
    folder.Write("metadata.csv", csv);
    return Complaint(folder, Config(DataKind::kImageFolder, folder.path()));
  };
  EXPECT_EQ(complaint("file_name,txt\na.png,x\n"),
            "'metadata.csv' line 2: there is no \"text\"; the nearest name is \"txt\"");
  EXPECT_EQ(complaint("file_name,text\na.png\n"),
            "'metadata.csv' line 2: 1 fields where the first line names 2");
  EXPECT_EQ(complaint("file_name,text\na.png,\"x\n"),
            "'metadata.csv' line 2: a quote is not closed");
  EXPECT_EQ(complaint("file\"name,text\n"),
            "'metadata.csv' line 1: a field with quotes must be quoted, with \"\" for each");
  EXPECT_EQ(complaint("file_name,text\na.png,\xFF\n"),
            "'metadata.csv' line 2: the text is invalid UTF-8 at byte 0");
  EXPECT_EQ(complaint(""), "'metadata.csv' has no line of column names");
}

TEST(ImageFolder, ABadPictureIsOneSentenceWithFileLineAndReason) {
  const std::string where = "'metadata.jsonl' line 1: ";
  EXPECT_EQ(ComplaintAboutPicture("a.png", ""), where + "'a.png' is an empty file");
  const std::string png = EncodePng({4, 4, std::vector<uint8_t>(48, 3)});
  EXPECT_EQ(ComplaintAboutPicture("a.png", png.substr(0, png.size() - 20)),
            where + "'a.png' is a truncated PNG");
  EXPECT_EQ(ComplaintAboutPicture("a.png", "GIF89a"),
            where + "'a.png' is a GIF, which is not read; save it as PNG, JPEG, WebP, BMP or TIFF");
  EXPECT_EQ(ComplaintAboutPicture("a.png", "hello"),
            where + "'a.png' is not a picture: no picture format begins with these bytes");
}

TEST(ImageFolder, AMissingSidecarSaysSo) {
  const TempFolder folder;
  folder.Write("a.png", EncodePng(Dot(1)));
  folder.Write("b.png", EncodePng(Dot(1)));
  folder.Write("b.txt", "b");
  EXPECT_EQ(Complaint(folder, Config(DataKind::kImageFolder, folder.path())),
            "'a.png': its text 'a.txt' is missing");
}

TEST(Documents, ABadLineIsOneSentenceWithFileLineAndReason) {
  const std::string where = "'docs.jsonl' line 1: ";
  EXPECT_EQ(ComplaintAboutDocument(R"({"segments": []})"),
            where + "there is no list \"segments\", or it is empty");
  EXPECT_EQ(ComplaintAboutDocument(R"({"segments": [{"type": "text", "text": ""}]})"),
            where + "segment 1: the text is empty");
  EXPECT_EQ(
      ComplaintAboutDocument(
          R"({"segments": [{"type": "text", "text": "a"}, {"type": "image", "file_name": "x"}]})"),
      where + "segment 2: 'x' is missing");
  EXPECT_EQ(ComplaintAboutDocument(R"({"segments": [{"type": "imgae"}]})"),
            where + "segment 1: unknown type \"imgae\"; the nearest is \"image\"");
  EXPECT_EQ(ComplaintAboutDocument(R"({"segments": [3]})"), where + "segment 1: not a JSON object");
}

}  // namespace
}  // namespace tessera
