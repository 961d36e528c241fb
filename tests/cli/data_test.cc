// `data check`, `data preview` and what `train` tells of data sets that are not as they should be.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/process.h"
#include "tests/data/tar_bytes.h"

namespace tessera {
namespace {

void Has(const std::string& part, const std::string& text) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, part, text);
}

// A folder "long" of ten pictures whose captions have many more tokens than a row has slots.
void WriteLongCaptions(const TempFolder& folder) {
  std::string rows;
  for (int i = 0; i < 10; ++i) {
    const std::string name = std::to_string(i) + ".png";
    folder.Write("long/" + name, TestFile("rgba.png"));
    std::string text;
    for (int word = 0; word < 200; ++word) {
      text += std::to_string((i * 7919 + word * 104729) % 99991) + " ";
    }
    rows += R"({"file_name": ")" + name + R"(", "text": ")" + text + "\"}\n";
  }
  folder.Write("long/metadata.jsonl", rows);
}

constexpr char kLong[] =
    "recipe.toml data.kind=image_folder data.path=long data.test_share=0 train.evaluate_every=0 ";

TEST(DataCommand, ReadsAFolderAnArchiveAPictureAndAFileOfRowsWithoutARecipe) {
  const TempFolder folder;
  folder.Write("a set/a.png", TestFile("rgba.png"));
  folder.Write("a set/a.txt", "an a");
  folder.Write("set.tar", TarBytes({{"val/a.png", TestFile("rgba.png")}, {"val/a.txt", "an a"}}));
  folder.Write("docs/docs.jsonl", R"({"segments": [{"type": "text", "text": "an a"}]})");
  for (const std::string source :
       {"'a set'", "set.tar", "'a set/a.png'", "docs", "docs/docs.jsonl"}) {
    const Outcome check = Tessera(folder, "data check " + source);
    EXPECT_EQ(check.exit_code, 0) << source << check.err;
    Has("texts: 1", check.out);
    const Outcome preview = Tessera(folder, "data preview " + source);
    EXPECT_EQ(preview.exit_code, 0) << source << preview.err;
    EXPECT_TRUE(preview.out.starts_with("an a")) << source << preview.out;
  }
  Has("documents: 0 to train on, 1 to test on", Tessera(folder, "data check set.tar").out);
  Has("nothing is to be trained on", Tessera(folder, "data check set.tar").out);
}

TEST(DataCommand, TellsWhatIsThereEvenIfNothingCanBeUsed) {
  const TempFolder folder;
  folder.Write("set/00000.tar", "x");
  folder.Write("set/.hidden.png", "x");
  const Outcome check = Tessera(folder, "data check set");
  EXPECT_EQ(check.exit_code, 2);
  Has("passed over (archives inside the data set): 1, such as '00000.tar'", check.out);
  Has("passed over (hidden files): 1, such as '.hidden.png'", check.out);
  Has("there is no document", check.err);
  const Outcome preview = Tessera(folder, "data preview set");
  EXPECT_EQ(preview.exit_code, 2);
  Has("'00000.tar'", preview.out);
  EXPECT_FALSE(std::filesystem::exists(folder / "preview.png"));
}

TEST(DataCommand, ListsAllBadRowsAndPicturesUnderStop) {
  const TempFolder folder;
  folder.Write("set/a.png", TestFile("rgba.png"));
  folder.Write("set/b.png", "");
  folder.Write("set/metadata.csv", "file_name,text\na.png,x\na.png\nb.png,x\nc.png,x\n");
  const Outcome check = Tessera(folder, "data check set");
  EXPECT_EQ(check.exit_code, 2);
  for (const char* bad :
       {"line 3: 1 fields where", "'b.png' is an empty file", "'c.png' is missing"}) {
    Has(bad, check.out);
  }
  Has("3 documents cannot be used", check.err);
}

TEST(DataCommand, CountsCaptionsTooLongForARow) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  WriteLongCaptions(folder);
  const std::string check = std::string("data check ") + kLong;
  const Outcome cut = Tessera(folder, check);
  EXPECT_EQ(cut.exit_code, 0) << cut.err;
  Has("cut to fit train.row_length = 64: 10 of 10 documents\n", cut.out);
  Has("line 1: room for 56 of ", cut.out);  // behind <doc>, with a picture of 6 slots and <end-doc>
  const Outcome skip = Tessera(folder, check + "data.too_long=skip");
  EXPECT_EQ(skip.exit_code, 2);
  Has("no document fits train.row_length = 64", skip.err);
  const Outcome stop = Tessera(folder, check + "data.too_long=stop");
  EXPECT_EQ(stop.exit_code, 2);
  Has("10 of 10 documents do not fit", stop.err);
  EXPECT_EQ(Tessera(folder, check + "train.row_length=4096 data.too_long=stop").exit_code, 0);
}

TEST(TrainCommand, TrainsOnThePicturesBehindLongCaptionsAndTellsSoAtItsStartItsEndAndInTheReport) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  WriteLongCaptions(folder);
  folder.Write("long/.DS_Store", "");
  for (const char* first : {"0", "1"}) {
    const Outcome trained =
        Tessera(folder, std::string("train ") + kLong + "data.show.picture_first=" + first +
                            " --out run" + first);
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "nan", trained.out);
    const std::string account = Contents(folder / "run" + first + "/data.txt");
    Has("cut to fit train.row_length = 64: 10 of 10 documents\n", account);
    Has("passed over (hidden files): 1, such as '.DS_Store'\n", account);
    const size_t start = trained.out.find(account), end = trained.out.rfind(account);
    EXPECT_TRUE(end != trained.out.npos && start < end) << trained.out;
    Has("step ", trained.err);
  }
  ASSERT_EQ(Tessera(folder, "report run0").exit_code, 0);
  Has("cut to fit train.row_length = 64", Contents(folder / "run0/report.html"));
}

TEST(TrainCommand, LeavesOutWhatIsTooLongOrDoesNotBegin) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  WriteLongCaptions(folder);
  folder.Write("long/short.png", TestFile("rgba.png"));
  const std::string rows = Contents(folder / "long/metadata.jsonl");
  folder.Write("long/metadata.jsonl", rows + R"({"file_name": "short.png", "text": "1"})");
  const std::string train = std::string("train ") + kLong + "--out run ";
  const Outcome stop = Tessera(folder, train + "data.too_long=stop");
  EXPECT_EQ(stop.exit_code, 2);
  Has("10 of 11 documents do not fit", stop.err);
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  const Outcome skip = Tessera(folder, train + "data.too_long=skip");
  EXPECT_EQ(skip.exit_code, 0) << skip.err;
  Has("left out, too long for train.row_length = 64: 10 of 11 documents\n", skip.out);
}

TEST(TrainCommand, LeavesOutWhatIsTooLongOfTheTestSplitTooOrDoesNotBegin) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  WriteLongCaptions(folder);
  for (const char* name : {"train/a", "val/b"}) {
    folder.Write("long/" + std::string(name) + ".png", TestFile("rgba.png"));
  }
  std::string rows = Contents(folder / "long/metadata.jsonl");
  rows = rows.substr(0, rows.find('\n'));
  rows.insert(1, R"("split": "test", )");
  rows +=
      "\n"
      R"({"file_name": "train/a.png", "text": "1"})"
      "\n";
  folder.Write("long/metadata.jsonl", rows);
  const std::string set = "recipe.toml data.kind=image_folder data.path=long ";
  const std::string left_out =
      "left out, too long for train.row_length = 64: 1 of 1 documents to test on\n";
  const std::string refused = "1 of 1 documents to test on do not fit train.row_length = 64";
  for (const std::string command : {"data check ", "train --out run "}) {
    const Outcome stop = Tessera(folder, command + set + "data.too_long=stop");
    EXPECT_EQ(stop.exit_code, 2);
    Has(refused, stop.err);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  Has(left_out, Tessera(folder, "data check " + set + "data.too_long=skip").out);
  const Outcome none = Tessera(folder, "train --out run " + set + "data.too_long=skip");
  EXPECT_EQ(none.exit_code, 2);
  Has("no documents to evaluate on that fit train.row_length", none.err);
  rows += R"({"file_name": "val/b.png", "text": "1"})";
  folder.Write("long/metadata.jsonl", rows);
  const Outcome trained = Tessera(folder, "train --out run " + set + "data.too_long=skip");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  Has("too long for train.row_length = 64: 1 of 2 documents to test on\n", trained.out);
  const Outcome eval = Tessera(folder, "eval run --count 2");
  EXPECT_EQ(eval.exit_code, 0) << eval.err;
  Has("test_documents_left_out            1.0000\n", eval.out);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "nan", eval.out);
}

TEST(TrainCommand, SaysThatNoDocumentHasAText) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  folder.Write("set/a.png", TestFile("rgba.png"));
  folder.Write("set/captions.parquet", "x");
  const Outcome trained = Tessera(folder,
                                  "train recipe.toml data.kind=image_folder data.path=set "
                                  "data.test_share=0 train.evaluate_every=0 --out run");
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  Has("no document has a text\npassed over (files that look like captions): 1, such as "
      "'captions.parquet'\n",
      trained.out);
}

TEST(TrainCommand, WritesOnePromptALineWhateverLineEndsCaptionsHave) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  for (int i = 0; i < 3; ++i) {
    folder.Write("set/val/" + std::to_string(i) + ".png", TestFile("rgba.png"));
    folder.Write("set/val/" + std::to_string(i) + ".txt", "one\ntwo\r\nthree\xE2\x80\xA8 four");
  }
  folder.Write("set/train/a.png", TestFile("rgba.png"));
  folder.Write("set/train/a.txt", "a");
  const Outcome trained =
      Tessera(folder, "train recipe.toml data.kind=image_folder data.path=set --out run");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  Has("documents: 1 to train on, 3 to test on", trained.out);
  const std::string line = "one two three  four\n";
  EXPECT_EQ(Contents(folder / "run/samples/prompts.txt"), line + line + line);
}

TEST(TrainCommand, LearnsTextsAloneWhereNoPictureIsToBeLearnt) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  folder.Write("set/a.png", TestFile("rgba.png"));
  const std::string segments =
      R"("segments": [{"type": "image", "file_name": "a.png", "loss": false}, )"
      R"({"type": "text", "text": "an a"}]})";
  folder.Write("set/docs.jsonl",
               R"({"split": "train", )" + segments + "\n" + R"({"split": "test", )" + segments);
  const Outcome trained =
      Tessera(folder, "train recipe.toml data.kind=documents data.path=set --out run");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  Has("read and not learnt: 2 pictures and texts\n", trained.out);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "nan", trained.out);
  const Outcome eval = Tessera(folder, "eval run --count 2");
  EXPECT_EQ(eval.exit_code, 0);
  EXPECT_EQ(eval.err, "");
}

}  // namespace
}  // namespace tessera
