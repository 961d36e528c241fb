// The program under PyTorch's own launcher, and what becomes of a run whose processes are killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

using Words = std::vector<std::string>;

const std::string kTorchrun = std::string(TESSERA_SOURCE_DIR) + "/.venv/bin/torchrun";

class Torchrun : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kTorchrun)) {
      GTEST_SKIP() << "there is no torchrun in .venv; scripts/setup.sh installs it";
    }
    std::ofstream(folder_ / "tiny.toml") << kTinyRecipe;
  }

  // The words of a run of 300 short steps in two batches, into the folder's `out`.
  static Words Train(const std::string& out, const Words& more = {}) {
    Words words = {TESSERA_BINARY,
                   "train",
                   "tiny.toml",
                   "train.accumulate=2",
                   "train.precision=f32",
                   "train.steps=300",
                   "train.sample_every=0",
                   "train.checkpoint_every=20",
                   "--out",
                   out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  static Words OnTwoRanks(const Words& command, const Words& options = {}) {
    Words words = {kTorchrun, "--no-python", "--standalone", "--nproc-per-node", "2"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }

  pid_t Start(Words words, const std::string& log) {
    std::vector<char*> arguments;
    for (std::string& word : words) {
      arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      const bool there = chdir(folder_.path().c_str()) == 0;
      const bool written = freopen(log.c_str(), "w", stdout) && dup2(STDOUT_FILENO, STDERR_FILENO);
      if (there && written) {
        execv(arguments[0], arguments.data());
      }
      _exit(127);
    }
    return child;
  }

  // Returns the exit code.
  static int Wait(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  int Run(const Words& words) { return Wait(Start(words, "log")); }

  std::string Log() const { return BytesOf(folder_ / "log"); }

  std::map<std::string, std::string> FilesOf(const std::string& out) {
    return CheckpointsIn(folder_ / out);
  }

  TempFolder folder_;
};

// The processes that another has started.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string number, name, state;
    pid_t its_parent = 0;
    if (file >> number >> name >> state >> its_parent && its_parent == parent) {
      children.push_back(std::stoi(number));
    }
  }
  return children;
}

// Whether the condition came to hold within a minute.
bool Comes(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TEST_F(Torchrun, TrainsToTheFilesOfOneProcess) {
  EXPECT_EQ(Run(Train("one")), 0) << Log();
  EXPECT_EQ(Run(OnTwoRanks(Train("two"))), 0) << Log();
  EXPECT_EQ(DifferentFiles(FilesOf("one"), FilesOf("two")), FileNames());
  EXPECT_EQ(LogOf(folder_ / "one"), LogOf(folder_ / "two"));
}

TEST_F(Torchrun, IsNotNeeded) {
  const auto start = [&](const char* rank, const char* log) {
    Words words = {"/usr/bin/env", "WORLD_SIZE=2", "MASTER_ADDR=127.0.0.1", "MASTER_PORT=29517",
                   std::string("RANK=") + rank};
    const Words command = Train("plain");
    words.insert(words.end(), command.begin(), command.end());
    return Start(words, log);
  };
  const pid_t first = start("0", "log"), second = start("1", "second");
  EXPECT_EQ(Wait(first), 0) << Log();
  EXPECT_EQ(Wait(second), 0);
  EXPECT_EQ(BytesOf(folder_ / "second"), "") << "rank 0 alone speaks";
  EXPECT_EQ(Run(Train("one")), 0) << Log();
  EXPECT_EQ(DifferentFiles(FilesOf("one"), FilesOf("plain")), FileNames());
}

TEST_F(Torchrun, RefusesCommandsOfOneProcess) {
  EXPECT_NE(Run(OnTwoRanks({TESSERA_BINARY, "inspect", "none"})), 0);
  EXPECT_NE(Log().find("tessera inspect works in one process"), std::string::npos) << Log();
}

// At any moment: while a rank starts, computes, sums, evaluates or writes.
TEST_F(Torchrun, KilledAtAnyMomentGoesOnAsTheUncutRun) {
  ASSERT_EQ(Run(Train("uncut")), 0) << Log();
  std::mt19937 random(1);
  for (int kills = 0; kills < 20; ++kills) {
    const pid_t launcher = Start(OnTwoRanks(Train("cut", {"--resume"})), "log");
    std::vector<pid_t> ranks;
    ASSERT_TRUE(Comes([&] { return (ranks = ChildrenOf(launcher)).size() == 2; })) << Log();
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 2500));
    kill(ranks[random() % 2], SIGKILL);
    Wait(launcher);
    for (const pid_t rank : ranks) {
      EXPECT_NE(kill(rank, 0), 0) << "rank " << rank << " is left over";
    }
  }
  EXPECT_EQ(Run(Train("cut", {"--resume"})), 0) << "one process goes on: " << Log();
  EXPECT_EQ(DifferentFiles(FilesOf("uncut"), FilesOf("cut")), FileNames());
  EXPECT_EQ(LogOf(folder_ / "uncut"), LogOf(folder_ / "cut"));
}

TEST_F(Torchrun, StartsKilledRanksAgain) {
  const pid_t launcher = Start(OnTwoRanks(Train("again"), {"--max-restarts", "3"}), "log");
  const std::string checkpoint = folder_ / "again/checkpoints/step-000020";
  ASSERT_TRUE(Comes([&] { return std::filesystem::exists(checkpoint); })) << Log();
  kill(ChildrenOf(launcher).at(1), SIGKILL);
  EXPECT_EQ(Wait(launcher), 0) << Log();
  EXPECT_EQ(Run(Train("one")), 0) << Log();
  EXPECT_EQ(DifferentFiles(FilesOf("one"), FilesOf("again")), FileNames());
}

}  // namespace
}  // namespace tessera
