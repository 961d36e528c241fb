// What each signal does to a command, wherever it is (cli/signals.h).
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/cli/child.h"
#include "tests/cli/process.h"

namespace tessera {
namespace {

constexpr int kStopped = 130;
constexpr double kSoon = 5;  // seconds; more than one, since the machine may be busy

class Signals : public testing::Test {
 protected:
  Signals() { folder_.Write("recipe.toml", kTinyRecipe); }

  static std::vector<std::string> LongTraining() {
    return {"train",
            "recipe.toml",
            "train.steps=1000000",
            "--out",
            "run",
            "train.log_every=1",
            "train.sample_every=0",
            "train.evaluate_every=0",
            "train.checkpoint_every=0"};
  }

  bool HasCheckpoint() const {
    return std::filesystem::exists(folder_ / "run/checkpoints") &&
           !std::filesystem::is_empty(folder_ / "run/checkpoints");
  }

  TempFolder folder_;
};

TEST_F(Signals, ThatStopLetTrainingSaveFirst) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::filesystem::remove_all(folder_ / "run");
    Child train(folder_, LongTraining());
    ASSERT_TRUE(train.Prints("step      3")) << train.text();
    train.Signal(signal);
    EXPECT_TRUE(train.EndsWithin(kSoon)) << strsignal(signal);
    EXPECT_EQ(train.ExitCode(), kStopped) << strsignal(signal);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "stopped; continue with --resume", train.text());
    EXPECT_TRUE(HasCheckpoint()) << strsignal(signal);
  }
}

// As `timeout` sends them.
TEST_F(Signals, ThatComeAtOnceAreOneStop) {
  Child train(folder_, LongTraining());
  ASSERT_TRUE(train.Prints("step      3"));
  for (int i = 0; i < 5; ++i) {
    train.Signal(SIGTERM);
  }
  EXPECT_TRUE(train.EndsWithin(kSoon));
  EXPECT_EQ(train.ExitCode(), kStopped);
  EXPECT_TRUE(HasCheckpoint());
}

TEST_F(Signals, EndAtOnceWhatHasNothingToSave) {
  ASSERT_EQ(mkfifo((folder_ / "pipe.toml").c_str(), 0600), 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // A FIFO that is held open for writing, into which nothing is written.
    const int writer = open((folder_ / "pipe.toml").c_str(), O_RDWR | O_CLOEXEC);
    Child train(folder_, {"train", "pipe.toml", "--out", "run"});
    ASSERT_EQ(write(writer, "a", 1), 1);
    for (int left = 1; left > 0;) {  // until it is read
      ASSERT_EQ(ioctl(writer, FIONREAD, &left), 0);
    }
    train.Signal(signal);
    EXPECT_TRUE(train.EndsWithin(kSoon));
    EXPECT_EQ(train.ExitCode(), kStopped);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "stopped at once", train.text());
    close(writer);
  }
}

TEST_F(Signals, AreHeardInTheMiddleOfALongPatch) {
  ASSERT_EQ(Tessera(folder_, "train recipe.toml --out run").exit_code, 0);
  Child generate(folder_, {"generate", "run", "a circle", "--out", "drawn", "--count", "4096",
                           "--batch", "4096", "--set", "sampler.steps=10000"});
  while (!std::filesystem::exists(folder_ / "drawn")) {
  }
  // Whether it is drawing yet or about to: the answer is the same but for its wording.
  generate.Signal(SIGINT);
  EXPECT_TRUE(generate.EndsWithin(kSoon)) << generate.text();
  EXPECT_EQ(generate.ExitCode(), kStopped);
}

TEST_F(Signals, ThatTheCallerIgnoresStayIgnored) {
  for (const int signal : {SIGHUP, SIGINT}) {
    std::filesystem::remove_all(folder_ / "run");
    Child train(folder_, LongTraining(), signal);
    ASSERT_TRUE(train.Prints("step      3"));
    train.Signal(signal);
    ASSERT_TRUE(train.Prints("step    100")) << train.text();
    train.Signal(SIGTERM);
    EXPECT_TRUE(train.EndsWithin(kSoon));
    EXPECT_EQ(train.ExitCode(), kStopped);
  }
}

TEST_F(Signals, OfAFullQuotaOrALostReaderAreErrorsLikeOthers) {
  const Outcome quota =
      Tessera(folder_, "train recipe.toml --out run", "ulimit -f 4; ");  // blocks of 512 bytes
  EXPECT_EQ(quota.exit_code, 2) << quota.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "File too large", quota.err);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "run")) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".unfinished")) << entry.path();
    EXPECT_NE(entry.path().extension(), ".partial") << entry.path();
  }
  std::filesystem::remove_all(folder_ / "run");
  // The reader takes one line and goes.
  const Outcome lost =
      Tessera(folder_, "train recipe.toml train.log_every=1 --out run | head -n 1");
  EXPECT_EQ(lost.exit_code, 0);  // of head
  EXPECT_TRUE(HasCheckpoint());
}

}  // namespace
}  // namespace tessera
