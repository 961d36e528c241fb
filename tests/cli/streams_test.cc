// Standard streams that cannot be written, cannot be read or are closed (cli/streams.h).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/process.h"

namespace tessera {
namespace {

// As Tessera, with redirections of its own behind the arguments; the shell's other streams go to a
// file.
Outcome Redirected(const TempFolder& folder, const std::string& arguments,
                   const std::string& redirections) {
  const TempFolder streams;
  const std::string command = "cd '" + folder.path() + "' && '" TESSERA_BINARY "' " + arguments +
                              " 2>'" + streams / "err" + "' " + redirections;
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), "", Contents(streams / "err")};
}

class Streams : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    folder_->Write("recipe.toml", kTinyRecipe);
    ASSERT_EQ(Tessera(*folder_, "train recipe.toml train.log_every=1 --out run").exit_code, 0);
  }
  static void TearDownTestSuite() { delete folder_; }

  inline static TempFolder* folder_ = nullptr;
};

TEST_F(Streams, ThatTakeNoAnswerMakeItsExitCodeOne) {
  for (const std::string command :
       {"eval run --count 2 --json", "inspect run", "data check recipe.toml",
        "data preview recipe.toml --count 3000",  // longer than any buffer
        "tokenizer encode run 'a dot'", "--help", "generate run 'a dot' --until text --out drawn",
        "train recipe.toml train.log_every=1 --out full"}) {
    const Outcome outcome = Redirected(*folder_, command, ">/dev/full");
    EXPECT_EQ(outcome.exit_code, 1) << command;
    EXPECT_TRUE(outcome.err.ends_with(
        "tessera: standard output could not be written: No space left on device\n"))
        << command << outcome.err;
  }
  EXPECT_TRUE(std::filesystem::exists(*folder_ / "full/checkpoints/step-000002"));
}

TEST_F(Streams, OfATerminalShowProgressWithTheTimeThatIsLeft) {
  const std::string command = "cd '" + folder_->path() +
                              "' && script -qec \"'" TESSERA_BINARY
                              "' generate run dot --until text --count 3 --batch 1 --out shown\" "
                              "shown.log >/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::string shown = Contents(*folder_ / "shown.log");
  for (const char* part :
       {"documents  33%, about ", "documents  67%, about ", " min left", "documents 100%, "}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, shown);
  }
}

TEST_F(Streams, ThatCannotBeReadAreErrors) {
  for (const std::string command : {"tokenizer encode run", "tokenizer decode run"}) {
    for (const auto& [input, reason] :
         {std::pair("<.", "Is a directory"), std::pair("<&-", "Bad file descriptor")}) {
      const Outcome outcome = Redirected(*folder_, command, input);
      EXPECT_EQ(outcome.exit_code, 2) << command << input;
      EXPECT_EQ(outcome.err, std::string("tessera: cannot read standard input: ") + reason + "\n");
    }
  }
}

TEST_F(Streams, ThatAreClosedGiveTheirNumberToNoFile) {
  for (const std::string closed : {">&-", "<&- >&-", "<&- >&- 2>&-"}) {
    std::filesystem::remove_all(*folder_ / "closed");
    const Outcome outcome =
        Redirected(*folder_, "train recipe.toml train.log_every=1 --out closed", closed);
    EXPECT_EQ(outcome.exit_code, 0) << closed << outcome.err;
    EXPECT_EQ(Contents(*folder_ / "closed/lock"), "") << closed;
    EXPECT_EQ(Contents(*folder_ / "closed/config.toml"), Contents(*folder_ / "run/config.toml"));
  }
  const Outcome outcome = Redirected(*folder_, "inspect run", ">&-");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "tessera: standard output could not be written: Bad file descriptor\n");
}

TEST_F(Streams, ShowNoEscapeThatCommandsATerminal) {
  const Outcome outcome = Tessera(*folder_, "inspect \"$(printf 'a\\033[2Jb\\377')\"");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'a\\x1b[2Jb\\xff' is no run", outcome.err);
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
}

// Rules of the code, which no process shows: answers are written by cli alone, errors and progress
// by two of its files.
TEST(Terminal, IsWrittenByCliAlone) {
  for (const std::string room : {"config", "ops", "heads", "files", "data", "sequence", "model",
                                 "infer", "run", "train", "analysis", "cli"}) {
    const std::string root = TESSERA_SOURCE_DIR "/" + room;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) {
        continue;
      }
      const std::string path = entry.path().string(), text = Contents(path);
      const bool shows = path.ends_with("cli/output.cc") || path.ends_with("cli/streams.cc");
      for (const char* stream : {"std::cerr", "std::clog", "stderr", "fputs(", "perror("}) {
        EXPECT_TRUE(shows || text.find(stream) == text.npos) << path << " uses " << stream;
      }
      EXPECT_TRUE(room == "cli" || text.find("std::cout") == text.npos) << path;
    }
  }
}

}  // namespace
}  // namespace tessera
