// COCO's captions, OBELICS, MMC4, tab-separated values and plain text, good and bad.
#include "data/lists.h"

#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/data/file_sets.h"

namespace tessera {
namespace {

using Sentences = std::vector<std::string>;

class ListedSets : public testing::Test {
 protected:
  ListedSets() {
    folder_.Write("a.png", EncodePng(Dot(1)));
    folder_.Write("b.png", EncodePng(Dot(2)));
  }

  std::vector<Document> Documents(DataKind kind, Split split = Split::kTrain) {
    return DocumentsOf(Open(Config(kind, folder_.path()), split));
  }

  // What is told of a set under on_error = "skip", from the name of the list on.
  Sentences Bad(DataKind kind) {
    const auto dataset = Open(Config(kind, folder_.path(), OnError::kSkip));
    EXPECT_TRUE(dataset.ok()) << dataset.status();
    Sentences sentences = dataset.ok() ? (*dataset)->Account().bad : Sentences();
    for (std::string& sentence : sentences) {
      sentence.erase(0, folder_.path().size() + 2);
    }
    return sentences;
  }

  TempFolder folder_;
};

TEST_F(ListedSets, ObelicsHasEitherAPictureOrATextAtEachPlace) {
  folder_.Write("x.jsonl", R"({"images": [null, "a.png", null], "texts": ["one", null, " two "]})"
                           "\n"
                           R"({"images": ["b.png"], "texts": [null], "metadata": []})");
  EXPECT_EQ(Documents(DataKind::kObelics),
            (std::vector<Document>{{{"one", Dot(1), "two"}}, {{Dot(2)}}}));
  folder_.Write("x.jsonl", R"({"images": [null, "a.png"], "texts": ["one"]})"
                           "\n"
                           R"({"images": [null], "texts": [null]})"
                           "\n"
                           R"({"images": ["https://x.org/a.png"], "texts": [null]})"
                           "\n"
                           R"({"images": ["c.png"], "texts": [null]})"
                           "\n{\"texts\": []}\n{\"images\": [], \"texts\": []}");
  EXPECT_EQ(
      Bad(DataKind::kObelics),
      (Sentences{
          "x.jsonl' line 1: there are 2 \"images\" and 1 \"texts\", which must be as many",
          "x.jsonl' line 2: place 1 must have either a picture or a text",
          "x.jsonl' line 3: 'https://x.org/a.png' is a link; download the pictures and write "
          "their names",
          "x.jsonl' line 4: 'c.png' is missing", "x.jsonl' line 5: there is no list \"images\"",
          "x.jsonl' line 6: there is neither a text nor a picture"}));
}

TEST_F(ListedSets, Mmc4HasPicturesBeforeTheSentencesThatTheyMatch) {
  folder_.Write("val/x.jsonl", R"({"text_list": ["t"], "image_info": []})");
  folder_.Write("x.jsonl",
                R"({"text_list": ["one.", "two.", "three."], "image_info": [)"
                R"({"image_name": "b.png", "matched_text_index": 2, "raw_url": "http://x"},)"
                R"({"image_name": "a.png", "matched_text_index": 0}]})");
  EXPECT_EQ(Documents(DataKind::kMmc4),
            (std::vector<Document>{{{Dot(1), "one. two.", Dot(2), "three."}}}));
  EXPECT_EQ(Documents(DataKind::kMmc4, Split::kTest), (std::vector<Document>{{{"t"}}}));
  folder_.Write("x.jsonl", R"({"text_list": ["x"], "image_info": [{"image_name": "a.png"}]})"
                           "\n"
                           R"({"text_list": ["x"], "image_info": [)"
                           R"({"image_name": "a.png", "matched_text_index": 1}]})"
                           "\n"
                           R"({"text_list": [1], "image_info": []})");
  const std::string item =
      "an item of \"image_info\" has no \"image_name\", or no \"matched_text_index\" of a text";
  EXPECT_EQ(Bad(DataKind::kMmc4), (Sentences{"x.jsonl' line 1: " + item, "x.jsonl' line 2: " + item,
                                             "x.jsonl' line 3: \"text_list\" 0 is not a string"}));
}

TEST_F(ListedSets, CocoHasADocumentForEachCaptionAndPicturesInAnyFolder) {
  folder_.Write("val2017/1.png", EncodePng(Dot(3)));
  folder_.Write("annotations/instances_val2017.json", "{}");
  folder_.Write("annotations/captions_val2017.json",
                R"({"images": [{"id": 7, "file_name": "1.png"}], "annotations": [)"
                R"({"image_id": 7, "caption": "one\n"}, {"image_id": 7, "caption": "two"}]})");
  EXPECT_EQ(Documents(DataKind::kCoco, Split::kTest),
            (std::vector<Document>{{{"one", Dot(3)}}, {{"two", Dot(3)}}}));
  folder_.Write("train/b.png", EncodePng(Dot(4)));
  folder_.Write("deep/train/b.png", EncodePng(Dot(4)));
  folder_.Write(
      "annotations/captions_train2017.json",
      R"({"images": [{"id": 1, "file_name": "0.png"}, {"id": 2, "file_name": "c/b.png"}],)"
      R"("annotations": [{"image_id": 9, "caption": "x"},)"
      R"({"image_id": 1, "caption": "x"}, {"image_id": 2, "caption": "x"}, 3]})");
  EXPECT_EQ(Bad(DataKind::kCoco),
            (Sentences{
                "annotations/captions_train2017.json' annotation 1: its \"image_id\" is that of no "
                "image",
                "annotations/captions_train2017.json' annotation 2: '0.png' is missing",
                "annotations/captions_train2017.json' annotation 3: 'c/b.png' may be 'b.png' or "
                "'deep/train/b.png'",
                "annotations/captions_train2017.json' annotation 4: not a JSON object"}));
}

TEST_F(ListedSets, TabSeparatedValuesHaveTheirColumnsByUsualOrGivenNames) {
  folder_.Write("x.tsv", "caption\timage\r\nan \"a\"\ta.png\r\n\r\nb\tb.png");
  const std::vector<Document> both = {{{"an \"a\"", Dot(1)}}, {{"b", Dot(2)}}};
  EXPECT_EQ(Documents(DataKind::kTsv), both);
  DataConfig config = Config(DataKind::kTsv, folder_ / "x.tsv");
  EXPECT_EQ(DocumentsOf(Open(config)), both);
  config.text_column = "words";
  EXPECT_EQ(Complaint(folder_, config),
            "'x.tsv' line 1: there is no column words; name one of caption, image in "
            "data.text_column");
  folder_.Write("x.tsv", "caption\timage\nx\nx\tc.png\n\ta.png\n");
  EXPECT_EQ(Bad(DataKind::kTsv),
            (Sentences{"x.tsv' line 2: 1 fields where the first line names 2",
                       "x.tsv' line 3: 'c.png' is missing", "x.tsv' line 4: the text is empty"}));
}

TEST_F(ListedSets, PlainTextIsADocumentALine) {
  folder_.Write("x.txt", "\xEF\xBB\xBFone\n\n  two\r\n\xFF\n");
  EXPECT_EQ(Bad(DataKind::kText), Sentences{"x.txt' line 4: the text is invalid UTF-8 at byte 0"});
  folder_.Write("x.txt", "one\n\n  two\r\n");
  EXPECT_EQ(Documents(DataKind::kText), (std::vector<Document>{{{"one"}}, {{"two"}}}));
}

TEST_F(ListedSets, WithoutAListAreToldWhatIsRead) {
  EXPECT_EQ(Complaint(folder_, Config(DataKind::kTsv, folder_.path())),
            "'" + folder_.path() + "' holds no .tsv, which data.kind = \"tsv\" reads");
}

}  // namespace
}  // namespace tessera
