#include "data/document_reader.h"

#include <gtest/gtest.h>

#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

constexpr int64_t kMaxPixels = 1'000'000;

class ReadDocumentTest : public testing::Test {
 protected:
  ReadDocumentTest() {
    folder_.Write("images/a.png", TestFile("rgba.png"));
    folder_.Write("half.png", TestFile("rgba.png").substr(0, 60));
  }

  absl::StatusOr<Document> Read(std::string_view json) {
    folder_.Write("doc.json", json);
    return ReadDocument(folder_ / "doc.json", Files(), kMaxPixels);
  }

  std::string ErrorOf(std::string_view json) { return std::string(Read(json).status().message()); }

  TempFolder folder_;
};

TEST_F(ReadDocumentTest, ReadsOneObjectOnAnyNumberOfLines) {
  const auto document = Read(R"({"id": "7", "segments": [
    {"type": "text", "text": "a dot"},
    {"type": "image", "file_name": "images/a.png"}
  ]})");
  ASSERT_TRUE(document.ok()) << document.status();
  ASSERT_EQ(document->segments.size(), 2u);
  EXPECT_EQ(*AsText(document->segments[0]), "a dot");
  const auto picture = ReadPicture(folder_ / "images/a.png", Files(), kMaxPixels);
  EXPECT_EQ(*AsImage(document->segments[1]), picture.value());
}

TEST_F(ReadDocumentTest, SaysWhatIsWrongAndWhere) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "doc.json': bad JSON at byte 2", ErrorOf("{"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "doc.json': there is no list \"segments\"",
                      ErrorOf("[]"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "doc.json': bad JSON at byte 261: nested deeper than",
                      ErrorOf(R"({"a":)" + std::string(100'000, '[')));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "doc.json': segment 1: unknown type \"txt\"",
                      ErrorOf(R"({"segments": [{"type": "txt", "text": "a"}]})"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "segment 1: the text is empty",
                      ErrorOf(R"({"segments": [{"type": "text", "text": " "}]})"));
}

TEST_F(ReadDocumentTest, NamesThePictureThatCannotBeRead) {
  const auto with_picture = [&](const std::string& name) {
    return ErrorOf(R"({"segments": [{"type": "image", "file_name": ")" + name + "\"}]}");
  };
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "half.png' is a truncated PNG",
                      with_picture("half.png"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "images/b.png", with_picture("images/b.png"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "leads out of the folder", with_picture("../a.png"));
}

}  // namespace
}  // namespace tessera
