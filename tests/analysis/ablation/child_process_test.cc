#include "analysis/ablation/child_process.h"

#include <gtest/gtest.h>

#include <csignal>

#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

class ChildProcess : public testing::Test {
 protected:
  // What a shell does with the script.
  ChildEnd Shell(const std::string& script, const std::atomic<bool>* stop = nullptr) const {
    const auto end = RunChild({.program = "/bin/sh",
                               .arguments = {"-c", script},
                               .out = folder_ / "out",
                               .stop = stop,
                               .on_tick = nullptr});
    EXPECT_TRUE(end.ok()) << end.status();
    return *end;
  }

  TempFolder folder_;
};

TEST_F(ChildProcess, WritesItsOutputToTheFileAndTellsItsMemory) {
  const ChildEnd end = Shell("echo a word; echo a warning >&2");
  EXPECT_EQ(end.problem, "");
  EXPECT_GT(end.peak_megabytes, .1);
  std::string line;
  std::getline(std::ifstream(folder_ / "out"), line);
  EXPECT_EQ(line, "a word");
}

TEST_F(ChildProcess, GivesItsLastComplaintItsExitCodeOrItsSignalAsTheProblem) {
  EXPECT_EQ(Shell("echo a warning >&2; echo 'tessera: no file' >&2; exit 2").problem, "no file");
  EXPECT_EQ(Shell("exit 3").problem, "ended with exit code 3");
  EXPECT_EQ(Shell("kill -KILL $$").problem, "ended by signal 9 (Killed)");
}

TEST_F(ChildProcess, IsToldToStop) {
  const std::atomic<bool> stop = true;
  EXPECT_EQ(Shell("trap 'exit 0' TERM; while :; do sleep .01; done", &stop).problem, "");
}

TEST_F(ChildProcess, OfAProgramThatIsNotThereIsAProblem) {
  const auto end = RunChild({.program = "/nothing", .out = folder_ / "out", .on_tick = nullptr});
  EXPECT_EQ(end->problem, "ended with exit code 127");
  EXPECT_FALSE(RunChild({.out = folder_ / "no/folder", .on_tick = nullptr}).ok());
}

}  // namespace
}  // namespace tessera
