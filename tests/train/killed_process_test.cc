// Processes that a signal ends, and what becomes of their runs.
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

// `tessera train` in a process of its own.
class TrainProcess {
 public:
  TrainProcess(const std::string& recipe, const std::string& out) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      dup2(ends[1], STDERR_FILENO);
      execl(TESSERA_BINARY, "tessera", "train", recipe.c_str(), "--out", out.c_str(), "--resume",
            nullptr);
      _exit(127);
    }
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
  }
  ~TrainProcess() { fclose(output_); }

  // Reads what it prints up to a line with these words, or to its end.
  std::string ReadUntil(const std::string& words) {
    std::string text;
    for (char line[1024]; fgets(line, sizeof(line), output_) != nullptr;) {
      text += line;
      if (!words.empty() && text.ends_with("\n") && text.find(words) != std::string::npos) {
        break;
      }
    }
    return text;
  }

  void Signal(int signal) const { kill(pid_, signal); }

  int Wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_;
  FILE* output_;
};

class KilledProcess : public testing::Test {
 protected:
  // The recipe's steps are as many as a signal needs to arrive before the end.
  KilledProcess() {
    folder_.Write("tiny.toml", ToToml(TinyRun({"train.steps=40", "train.checkpoint_every=10",
                                               "train.keep=99", "train.evaluate_every=20"})));
  }

  void Run(const std::string& out) const {
    TrainProcess process(folder_ / "tiny.toml", folder_ / out);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "trained: ", process.ReadUntil(""));
    EXPECT_EQ(process.Wait(), 0);
  }

  // Those of the steps that every run saves.
  std::map<std::string, std::string> Planned(const std::string& out) const {
    std::map<std::string, std::string> files;
    for (const auto& [path, bytes] : CheckpointsIn(folder_ / out)) {
      if (path == "best" || path.find("0/") != std::string::npos) {
        files[path] = bytes;
      }
    }
    return files;
  }

  TempFolder folder_;
};

TEST_F(KilledProcess, BySigkillResumesToTheSameFiles) {
  Run("uncut");
  TrainProcess process(folder_ / "tiny.toml", folder_ / "killed");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "holds no checkpoint yet: training from the start",
                      process.ReadUntil("step     15"));
  process.Signal(SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(process.Wait()));
  Run("killed");
  EXPECT_EQ(LogOf(folder_ / "killed"), LogOf(folder_ / "uncut"));
  EXPECT_EQ(DifferentFiles(Planned("killed"), Planned("uncut")), FileNames());
  EXPECT_EQ(Planned("uncut").size(), 4 * 6 + 1);
}

TEST_F(KilledProcess, BySigtermSavesAndResumesToTheSameFiles) {
  Run("uncut");
  TrainProcess process(folder_ / "tiny.toml", folder_ / "stopped");
  process.ReadUntil("step     15");
  process.Signal(SIGTERM);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "stopped; continue with --resume",
                      process.ReadUntil(""));
  EXPECT_EQ(WEXITSTATUS(process.Wait()), 130);
  EXPECT_GE(CheckpointsOf(folder_ / "stopped", Files()).Latest()->step, 15);
  Run("stopped");
  EXPECT_EQ(LogOf(folder_ / "stopped"), LogOf(folder_ / "uncut"));
  EXPECT_EQ(DifferentFiles(Planned("stopped"), Planned("uncut")), FileNames());
}

}  // namespace
}  // namespace tessera
