// Sets in several tars: how they are named, indexed and read.
#include "data/shards.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "data/image/image_io.h"
#include "tests/data/file_sets.h"
#include "tests/data/tar_bytes.h"
#include "tests/files/faulty_file_system.h"

namespace tessera {
namespace {

using Names = std::vector<std::string>;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(ExpandBraces, GivesEveryRangeAndChoiceOfEachPart) {
  EXPECT_EQ(ExpandBraces("a-{008..010}.tar").value(),
            (Names{"a-008.tar", "a-009.tar", "a-010.tar"}));
  EXPECT_EQ(ExpandBraces("{9..10}").value(), (Names{"9", "10"}));
  EXPECT_EQ(ExpandBraces("{a,b}/{0..1}.tar::c.tar").value(),
            (Names{"a/0.tar", "a/1.tar", "b/0.tar", "b/1.tar", "c.tar"}));
  EXPECT_EQ(Message(ExpandBraces("a-{000..12").status()),
            "'a-{000..12' opens a '{' and has no '}'");
  for (const char* bad : {"{..3}", "{3..1}", "{a..c}", "{-1..2}", "{0..99999999}"}) {
    EXPECT_EQ(Message(ExpandBraces(bad).status()),
              "'" + std::string(bad) + "' is no range of numbers such as {000..127}");
  }
}

class TarShards : public testing::Test {
 protected:
  TarShards() {
    folder_.Write("set/a-0.tar", TarBytes({{"1.png", EncodePng(Dot(1))}, {"1.txt", "one"}}));
    folder_.Write("set/a-1.tar", TarBytes({{"1.png", EncodePng(Dot(2))}, {"1.txt", "two"}}));
    folder_.Write("set/README.md", "x");
  }

  DataConfig At(const std::string& path) const {
    return Config(DataKind::kWebDataset, folder_ / path);
  }

  const std::vector<Document> both_ = {{{"one", Dot(1)}}, {{"two", Dot(2)}}};
  TempFolder folder_;
};

TEST_F(TarShards, AreNamedByAFolderAPatternAndAList) {
  const std::string list = "set/a-1.tar::" + folder_ / "set/a-0.tar";
  for (const std::string& path : {std::string("set"), std::string("set/a-{0..1}.tar"), list}) {
    EXPECT_EQ(DocumentsOf(Open(At(path))), both_) << path;
  }
  EXPECT_EQ(DocumentsOf(Open(At("set/a-0.tar"))), (std::vector<Document>{both_[0]}));
  EXPECT_EQ((*Open(At("set")))->Account().passed_over,
            (std::vector<PassedOver>{{"files that are no shards", 1, "README.md"}}));
}

TEST_F(TarShards, ThatAreMissingOrNamedTwiceAreToldByName) {
  EXPECT_EQ(Message(Open(At("set/a-{0..2}.tar")).status()),
            "cannot look at '" + folder_ / "set/a-2.tar" + "': No such file or directory");
  EXPECT_EQ(Message(Open(At("set/a-{0,0}.tar")).status()),
            "data.path names the shard '" + folder_ / "set/a-0.tar" + "' twice");
  folder_.Write("none/a.png", "x");
  EXPECT_EQ(Message(Open(At("none")).status()),
            "'" + folder_ / "none" + "' holds no shard, a file that ends in .tar");
}

TEST_F(TarShards, AreLookedThroughOnceIfTheyHaveAnIndex) {
  DataConfig config = At("set");
  config.index = folder_ / "index";
  const auto reads = [&] {
    const auto system = std::make_shared<FaultyFileSystem>(0, 1);
    const auto dataset =
        MakeDataset(config, Split::kTrain, 32, 32, std::make_shared<Files>(RetryPolicy(), system));
    EXPECT_TRUE(dataset.ok()) << dataset.status();
    const int64_t opening = system->ranges_read();
    return std::pair(opening, DocumentsOf(dataset));
  };
  EXPECT_GT(reads().first, 2);
  EXPECT_EQ(reads(), std::pair(int64_t{0}, both_)) << "opening reads no byte of a shard";
  folder_.Write("set/a-1.tar", TarBytes({{"2.png", EncodePng(Dot(3))}, {"2.txt", "three"}}));
  EXPECT_EQ(reads().second, (std::vector<Document>{both_[0], {{"three", Dot(3)}}}));
  folder_.Write("index", "{}");
  EXPECT_EQ(Message(Open(config).status()),
            "'" + folder_ / "index" +
                "' is no index of shards; remove it, or name another file in data.index");
}

TEST_F(TarShards, ThatAreCompressedAreUnpackedOnceBesideTheIndex) {
  DataConfig config = At("set/a-0.tar.gz");
  const auto compress = [&](const std::string& shard) {
    folder_.Write("set/a-0.tar", shard);
    ASSERT_EQ(std::system(("gzip -nf " + folder_ / "set/a-0.tar").c_str()), 0);
  };
  compress(TarBytes({{"1.png", EncodePng(Dot(1))}, {"1.txt", "one"}}));
  EXPECT_EQ(Message(Open(config).status()),
            "the shard '" + folder_ / "set/a-0.tar.gz" +
                "' is compressed, and its files cannot be read in any order; set data.index, "
                "beside which it is unpacked, or unpack it yourself");
  config.index = folder_ / "index";
  const auto unpacked = [&] { return Files().List(folder_ / "index.unpacked").value(); };
  EXPECT_EQ(DocumentsOf(Open(config)), (std::vector<Document>{both_[0]}));
  const Names first = unpacked();
  EXPECT_EQ(first.size(), 1);
  EXPECT_EQ(DocumentsOf(Open(config)), (std::vector<Document>{both_[0]}));
  EXPECT_EQ(unpacked(), first) << "a later start unpacks nothing";
  compress(TarBytes({{"1.png", EncodePng(Dot(2))}, {"1.txt", "changed"}}));
  EXPECT_EQ(DocumentsOf(Open(config)), (std::vector<Document>{{{"changed", Dot(2)}}}));
  const std::string gz = Files().Read(folder_ / "set/a-0.tar.gz").value();
  folder_.Write("set/a-0.tar.gz", gz.substr(0, gz.size() / 2));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "cannot read the archive",
                      Message(Open(config).status()));
}

TEST_F(TarShards, WithBadNamesAreNotKeptInTheIndexSoThatTheyAreToldAgain) {
  folder_.Write("set/a-1.tar",
                TarBytes({{"1.png", EncodePng(Dot(2))}, {"1.txt", "\xFF"}, {"../x", ""}}));
  DataConfig config = At("set");
  config.index = folder_ / "index";
  config.on_error = OnError::kSkip;
  const std::vector<std::string> bad = (*Open(config))->Account().bad;
  EXPECT_EQ(bad.size(), 2);
  EXPECT_EQ((*Open(config))->Account().bad, bad);
}

TEST_F(TarShards, AreReadThroughFaultsAsIfThereWereNone) {
  const auto system = std::make_shared<FaultyFileSystem>(0.3, 5);
  const auto faulty = MakeDataset(At("set"), Split::kTrain, 32, 32,
                                  std::make_shared<Files>(FilesWithoutWaiting(system)));
  EXPECT_EQ(DocumentsOf(faulty), both_);
  EXPECT_GT(system->faults(), 2);
}

}  // namespace
}  // namespace tessera
