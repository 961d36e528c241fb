// scripts/ in a folder whose other programs are stand-ins.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

class ScriptTest : public testing::Test {
 protected:
  void Program(const std::string& name, const std::string& lines) {
    folder_.Write(name, "#!/bin/bash\n" + lines + "\n");
    std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
  }

  // The exit code; what it prints goes to out_.
  int Run(const std::string& name) {
    std::filesystem::create_directories(folder_ / "scripts");
    std::filesystem::copy(std::string(TESSERA_SOURCE_DIR "/scripts/") + name,
                          folder_ / ("scripts/" + name),
                          std::filesystem::copy_options::overwrite_existing);
    const std::string command =
        "cd '" + folder_.path() + "' && PATH=\"$PWD/bin:$PATH\" scripts/" + name + " >out 2>&1";
    const int status = std::system(command.c_str());
    std::ifstream file(folder_ / "out");
    out_ = {std::istreambuf_iterator<char>(file), {}};
    return WEXITSTATUS(status);
  }

  TempFolder folder_;
  std::string out_;
};

// ctest's log of one program.
std::string Entry(const std::string& output, const std::string& verdict) {
  return "1/1 Testing: name\nOutput:\n" + output + "<end of output>\nTest " + verdict + ".\n";
}

class TestShTest : public ScriptTest {
 protected:
  int RunWith(const std::string& log, int status) {
    folder_.Write("log", log);
    Program("scripts/setup.sh", "mkdir -p build/release/Testing/Temporary");
    Program("bin/ctest",
            "cp log build/release/Testing/Temporary/LastTest.log; exit " + std::to_string(status));
    return Run("test.sh");
  }
};

constexpr char kTwo[] = "[==========] Running 2 tests from 1 test suite.\n";
constexpr char kOk[] = "[       OK ] A.b (0 ms)\n";

TEST_F(TestShTest, CountsTheTestsOfAllPrograms) {
  const std::string skipped = "[  SKIPPED ] A.c (0 ms)\n[  SKIPPED ] 1 test, listed below:\n";
  EXPECT_EQ(RunWith(Entry(std::string(kTwo) + kOk + kOk, "Passed") +
                        Entry(kTwo + skipped + kOk, "Passed"),
                    0),
            0);
  EXPECT_EQ(out_, "1 skipped\n3 passed, 0 failed\n");
}

TEST_F(TestShTest, CountsWhatACrashLeavesUndone) {
  EXPECT_EQ(RunWith(Entry(kTwo, "Failed") + Entry(std::string(kTwo) + kOk, "Failed"), 8), 1);
  EXPECT_EQ(out_, "1 passed, 3 failed\n");
}

TEST_F(TestShTest, CountsAProgramThatDiesOutsideOfItsTestsAsAFailure) {
  EXPECT_EQ(RunWith(Entry("", "Failed") + Entry("", "Passed") +  // as of one that is not there
                        Entry(std::string(kTwo) + kOk + kOk, "Failed"),
                    8),
            1);
  EXPECT_EQ(out_, "2 passed, 3 failed\n");
}

TEST_F(TestShTest, CountsAFailedBuildAsAFailure) {
  Program("scripts/setup.sh", "exit 1");
  EXPECT_EQ(Run("test.sh"), 1);
  EXPECT_EQ(out_, "test.sh: the set-up or the build failed, so no test ran\n0 passed, 1 failed\n");
}

TEST_F(TestShTest, CountsNoTestAsAFailure) {
  EXPECT_EQ(RunWith("", 0), 1);
  EXPECT_EQ(out_, "test.sh: ctest ran no test\n0 passed, 1 failed\n");
}

TEST_F(ScriptTest, DemoEndsWithWhatToLookAtAndThreeCommandsToTry) {
  Program("scripts/setup.sh", "");
  Program("build/release/tessera",
          "case $1 in train) mkdir -p runs/shapes/samples && touch "
          "runs/shapes/samples/step-000002.png;; "
          "generate) mkdir -p runs/shapes/pictures && touch runs/shapes/pictures/docs.jsonl; echo "
          "'[picture]';; "
          "esac");
  EXPECT_EQ(Run("demo.sh"), 0);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "runs/shapes/report.html", out_);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "runs/shapes/samples/step-000002.png", out_);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "What to try:\n  build/release/tessera generate", out_);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "[picture]", out_);
}

TEST_F(ScriptTest, SetUpInstallsTheTorchThatItWantsUnlessItIsThere) {
  Program("bin/dpkg-query", "echo install ok installed");
  Program("bin/cmake", "");
  Program(".venv/bin/python", "cat version");
  Program(".venv/bin/pip", "echo \"pip $*\"");
  folder_.Write("version", "2.13.0+cpu");
  EXPECT_EQ(Run("setup.sh"), 0);
  EXPECT_EQ(out_, "");
  folder_.Write("version", "2.5.1+cpu");
  EXPECT_EQ(Run("setup.sh"), 0);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "torch==2.13.0 numpy", out_);
}

}  // namespace
}  // namespace tessera
