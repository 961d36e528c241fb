// One set of pictures in several forms of files trains to the bit alike, cut and resumed too.
#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/data/tar_bytes.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

// A picture that no other has.
std::string Png(int seed) {
  Image image{8, 8, {}};
  for (int i = 0; i < 8 * 8 * 3; ++i) {
    image.rgb.push_back(static_cast<uint8_t>((i * 37 + seed * 101) % 256));
  }
  return EncodePng(image);
}

class DataForms : public testing::Test {
 protected:
  DataForms() {
    std::vector<std::vector<TarEntry>> shards(3);
    for (int i = 0; i < 12; ++i) {
      const std::string label = i < 6 ? "cat" : "dog";
      const std::string key = label + "/" + std::to_string(100 + i);
      folder_.Write("folder/train/" + key + ".png", Png(i));
      shards[static_cast<size_t>(i / 4)].push_back({key + ".png", Png(i)});
      shards[static_cast<size_t>(i / 4)].push_back({key + ".cls", label});
    }
    for (size_t i = 0; i < shards.size(); ++i) {
      folder_.Write("shards/train-" + std::to_string(i) + ".tar", TarBytes(shards[i]));
    }
  }

  RunConfig Folder() const {
    return TinyRun({"data.kind=image_folder", "data.path=" + folder_ / "folder"});
  }
  RunConfig Shards() const {
    return TinyRun({"data.kind=webdataset", "data.path=" + folder_ / "shards/train-{0..2}.tar",
                    "data.index=" + folder_ / "index", "data.threads=2", "train.keep=1"});
  }

  TempFolder folder_;
};

TEST_F(DataForms, AFolderAndItsShardsGiveEqualLossesToTheBit) {
  ASSERT_TRUE(TrainTiny(Folder(), folder_ / "a").ok());
  const absl::Status trained = TrainTiny(Shards(), folder_ / "b");
  ASSERT_TRUE(trained.ok()) << trained;
  EXPECT_EQ(LogOf(folder_ / "a"), LogOf(folder_ / "b"));
  EXPECT_EQ(LogOf(folder_ / "a").size(), 6);
}

TEST_F(DataForms, ARunOnShardsResumesToTheBit) {
  ASSERT_TRUE(TrainTiny(Shards(), folder_ / "uncut").ok());
  ASSERT_TRUE(TrainTiny(Shards(), folder_ / "cut", {.stop_after = 3}).ok());
  const absl::Status resumed = TrainTiny(Shards(), folder_ / "cut", {.resume = true});
  ASSERT_TRUE(resumed.ok()) << resumed;
  EXPECT_EQ(LogOf(folder_ / "cut"), LogOf(folder_ / "uncut"));
  EXPECT_EQ(DifferentFiles(CheckpointsIn(folder_ / "cut"), CheckpointsIn(folder_ / "uncut")),
            FileNames());
}

}  // namespace
}  // namespace tessera
