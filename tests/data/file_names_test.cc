#include "data/file_names.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

using Names = std::vector<std::string>;

TEST(FileNames, PicturesAreToldByTheirEndingInAnyCase) {
  EXPECT_EQ(ExtensionOf("a/b.tar.PNG"), "png");
  EXPECT_EQ(ExtensionOf("no_ending"), "");
  EXPECT_EQ(ExtensionOf("a.b/no_ending"), "");
  for (const char* read : {"a.png", "a.JPeG", "a.jfif", "a.jpe", "A.APNG", "a.tif", "a.dib"}) {
    EXPECT_EQ(KindOf(read), FileKind::kPicture) << read;
  }
  for (const char* refused :
       {"a.gif", "a.heif", "a.HEIC", "a.jxl", "a.jp2", "a.ico", "a.ppm", "a.exr", "a.tga"}) {
    EXPECT_EQ(KindOf(refused), FileKind::kUnreadPicture) << refused;
    EXPECT_TRUE(IsPicture(refused) && !IsReadablePicture(refused)) << refused;
  }
  EXPECT_FALSE(IsPicture("png"));
  EXPECT_EQ(ReadableEndings(),
            ".png, .jpg, .jpeg, .jpe, .jfif, .jif, .jfi, .apng, .webp, .bmp, .dib, .tif, .tiff");
}

TEST(FileNames, TellCaptionsRowsAndWhatLooksLikeThem) {
  EXPECT_EQ(KindOf("x/a.TXT"), FileKind::kCaption);
  EXPECT_EQ(KindOf("a.png.caption"), FileKind::kCaption);
  EXPECT_EQ(KindOf("x/metadata.jsonl"), FileKind::kRows);
  EXPECT_EQ(KindOf("Metadata.CSV"), FileKind::kRows);
  EXPECT_EQ(KindOf("docs.jsonl"), FileKind::kRows);
  for (const char* like : {"metadata.json", "metadata.json1", "metadata1000.jsonl", "a.cap",
                           "metadata.parquet", "labels.tsv", "a.json"}) {
    EXPECT_EQ(KindOf(like), FileKind::kCaptionLike) << like;
  }
  EXPECT_EQ(KindOf("00000.tar"), FileKind::kArchive);
  EXPECT_EQ(KindOf("set.tar.gz"), FileKind::kArchive);
  EXPECT_EQ(KindOf("train.py"), FileKind::kOther);
  EXPECT_EQ(KindOf("LICENSE"), FileKind::kOther);
}

TEST(FileNames, HiddenIsWhatSystemsAndEditorsLeaveBehind) {
  for (const char* hidden :
       {".DS_Store", "._a.png", "x/._a.png", ".ipynb_checkpoints/a.png", "x/.git/y/z.png",
        "__MACOSX/a.png", "x/__pycache__/a.png", "@eaDir/a.png", "x/@eaDir/a.jpg/b.jpg",
        "Thumbs.db", "x/thumbs.DB", "desktop.ini", "lost+found", "lost+found/a.png",
        "$RECYCLE.BIN/a.png", "#recycle/x/a.png", "@Recycle/a.png",
        "System Volume Information/a.png"}) {
    EXPECT_TRUE(IsHidden(hidden)) << hidden;
  }
  for (const char* seen : {"a.png", "a..png", "x.y/a.png", "__a.png", "x/_a.png", "eaDir/a.png",
                           "thumbs/a.png", "a.DS_Store"}) {
    EXPECT_FALSE(IsHidden(seen)) << seen;
  }
}

TEST(CaptionFinder, FindsWhatIsNamedAfterThePictureBestFirst) {
  const CaptionFinder captions({"A.TXT", "a.TXT", "a.caption", "a.png.txt", "a.txt", "b.Caption",
                                "c.png.TXT", "d.cap", "x/a.txt"});
  EXPECT_EQ(captions.Of("a.png"), (Names{"a.txt", "a.TXT", "a.png.txt", "a.caption"}));
  EXPECT_EQ(captions.Of("a.jpg"), (Names{"a.txt", "a.TXT", "a.caption"}));
  EXPECT_EQ(captions.Of("A.JPG"), Names{"A.TXT"});
  EXPECT_EQ(captions.Of("b.png"), Names{"b.Caption"});
  EXPECT_EQ(captions.Of("c.png"), Names{"c.png.TXT"});
  EXPECT_EQ(captions.Of("x/a.webp"), Names{"x/a.txt"});
  EXPECT_EQ(captions.Of("d.png"), Names());
}

TEST(SplitNamed, KnowsTheWordsOfHuggingFaceInAnyCase) {
  for (const char* train : {"train", "Training", "TRAIN", "train2017", "my-train", "train_0"}) {
    EXPECT_EQ(SplitNamed(train), Split::kTrain) << train;
  }
  for (const char* test : {"test", "testing", "eval", "Evaluation", "validation", "VALID", "val",
                           "dev", "val2017", "images_val", "test-00000-of-00001", "valid.test"}) {
    EXPECT_EQ(SplitNamed(test), Split::kTest) << test;
  }
  for (const char* none : {"", "trains", "latest", "devil", "tra\u00EEn", "v\u00E4l", "train_test",
                           "contest", "0", "evaluate"}) {
    EXPECT_EQ(SplitNamed(none), std::nullopt) << none;
  }
}

TEST(SplitOfFolder, IsThatOfTheOutermostFolderThatNamesOne) {
  EXPECT_EQ(SplitOfFolder("val/a.png"), (NamedSplit{Split::kTest, "folder val/"}));
  EXPECT_EQ(SplitOfFolder("coco/val2017/x/a.png"),
            (NamedSplit{Split::kTest, "folder coco/val2017/"}));
  EXPECT_EQ(SplitOfFolder("train/test/a.png"), (NamedSplit{Split::kTrain, "folder train/"}));
  EXPECT_EQ(SplitOfFolder("test.png"), std::nullopt);
  EXPECT_EQ(SplitOfFolder("a/test.png"), std::nullopt);
}

}  // namespace
}  // namespace tessera
