// A run that meets bad data goes on once it is mended, moved or passed by.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/process.h"

namespace tessera {
namespace {

class TrainOnBadData : public testing::Test {
 protected:
  // More pictures than are looked at before the first step; one that is not is cut off.
  TrainOnBadData() {
    folder_.Write("recipe.toml", kTinyRecipe);
    for (int i = 100; i < 230; ++i) {
      const std::string name = "set/" + std::to_string(i);
      const std::string bytes = TestFile("rgba.png");
      folder_.Write(name + ".png", i == kBad ? bytes.substr(0, 60) : bytes);
      folder_.Write(name + ".txt", "a picture");
    }
  }

  // One epoch has 65 steps.
  Outcome Train(const std::string& more) const {
    return Tessera(
        folder_, "train " + more + " data.kind=image_folder train.steps=70 train.sample_every=0 " +
                     "train.evaluate_every=0 train.checkpoint_every=0 data.test_share=0 --out run");
  }

  static constexpr int kBad = 101;
  TempFolder folder_;
};

TEST_F(TrainOnBadData, SavesFirstAndResumesWithoutIt) {
  const Outcome stopped = Train("recipe.toml data.path=set tokenizer.documents=5");
  EXPECT_EQ(stopped.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'101.png' is a truncated PNG", stopped.err);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, " is saved: mend this and continue with --resume",
                      stopped.err);
  ASSERT_TRUE(std::filesystem::exists(folder_ / "run/checkpoints"));
  std::filesystem::rename(folder_ / "set", folder_ / "moved");
  const Outcome resumed = Train("run --resume data.path=moved data.on_error=skip");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "bad data: 1\n", resumed.out);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/checkpoints/step-000070"));
}

}  // namespace
}  // namespace tessera
