// examples/, built as a stranger builds them: from an installed copy alone.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/image/image_io.h"
#include "tests/cli/process.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class InstalledTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string build = fs::path(TESSERA_BINARY).parent_path();
    ASSERT_EQ(Shell("cmake --install '" + build + "' --prefix installed"), 0) << said_;
  }

  // In the folder; what the command prints goes to said_.
  int Shell(const std::string& command) {
    const int status =
        std::system(("cd '" + folder_.path() + "' && (" + command + ") >said 2>&1").c_str());
    said_ = Contents(folder_ / "said");
    return WEXITSTATUS(status);
  }

  int Configure(const std::string& more) {
    return Shell(
        "cmake -S installed/share/tessera/examples -B built "
        "-DCMAKE_PREFIX_PATH=\"$PWD/installed\"" +
        more);
  }

  TempFolder folder_;
  std::string said_;
};

TEST_F(InstalledTest, ExamplesAreBuiltAndDoWhatTheProgramDoes) {
  ASSERT_EQ(Configure(""), 0) << said_;
  ASSERT_EQ(Shell("cmake --build built"), 0) << said_;
  folder_.Write("recipe.toml", kTinyRecipe);
  ASSERT_EQ(Shell("built/train recipe.toml run train.steps=3"), 0) << said_;
  ASSERT_EQ(Tessera(folder_, "train recipe.toml train.steps=3 --out same").exit_code, 0);
  const std::string weights = "/checkpoints/step-000003/model.safetensors";
  EXPECT_FALSE(Contents(folder_ / ("run" + weights)).empty());
  EXPECT_EQ(Contents(folder_ / ("run" + weights)), Contents(folder_ / ("same" + weights)));
  ASSERT_EQ(Shell("built/generate run 'a red circle' drawn.png"), 0) << said_;
  ASSERT_EQ(Tessera(folder_, "generate run 'a red circle' --seed 1 --out drawn").exit_code, 0);
  EXPECT_EQ(DecodeImage(Contents(folder_ / "drawn.png"))->rgb,
            DecodeImage(Contents(folder_ / "drawn/images/000000_1.png"))->rgb);
  EXPECT_EQ(Shell("built/generate nowhere 'a red circle' drawn.png"), 2);
}

TEST_F(InstalledTest, AnotherLibTorchIsRefusedInASentence) {
  for (const char* library : {"torch", "torch_cpu", "c10"}) {
    folder_.Write(std::string("other/lib/lib") + library + ".so", "");
  }
  folder_.Write("other/share/cmake/Torch/TorchConfig.cmake", "");
  folder_.Write("other/share/cmake/Torch/TorchConfigVersion.cmake",
                "set(PACKAGE_VERSION \"1.0.0\")\n");
  EXPECT_NE(Configure(" -DTorch_DIR=\"$PWD/other/share/cmake/Torch\""), 0);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "Tessera was built against LibTorch ", said_);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "1.0.0", said_);
}

TEST_F(InstalledTest, ShellsFindTheirCompletions) {
  EXPECT_EQ(Contents(folder_ / "installed/share/bash-completion/completions/tessera"),
            Tessera(folder_, "completion bash").out);
  EXPECT_EQ(Contents(folder_ / "installed/share/zsh/site-functions/_tessera"),
            Tessera(folder_, "completion zsh").out);
}

}  // namespace
}  // namespace tessera
