// What a user writes in the shell comes through to the letter, in any order of options
// (cli/command_line.h).
#include <gtest/gtest.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "tests/cli/process.h"

namespace tessera {
namespace {

class CommandLine : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    folder_->Write("recipe.toml", kTinyRecipe);
    ASSERT_EQ(Tessera(*folder_, "train recipe.toml --out run").exit_code, 0);
  }
  static void TearDownTestSuite() { delete folder_; }

  static Outcome Run(const std::string& arguments) { return Tessera(*folder_, arguments); }
  static std::string Page() { return Contents(*folder_ / "generated/page.html"); }

  inline static TempFolder* folder_ = nullptr;
};

// The texts of a prompt, as words of a shell.
void ExpectArrive(const TempFolder& folder, const std::vector<std::string>& texts) {
  std::string words;
  for (const std::string& text : texts) {
    words += " '" + text + "'";
  }
  const Outcome outcome = Tessera(folder, "generate run --until text --" + words);
  ASSERT_EQ(outcome.exit_code, 0) << words << outcome.err;
  const std::string page = Contents(folder / "generated/page.html");
  for (const std::string& text : texts) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, text, page);
  }
}

TEST_F(CommandLine, HasNoSyntaxInsideAPrompt) {
  ExpectArrive(*folder_, {"[a large, red circle]"});
  ExpectArrive(*folder_, {"[]"});
  ExpectArrive(*folder_, {"{}"});
  ExpectArrive(*folder_, {"[[a],[b]]", "[a", "a]", "[,]", "a,b", "%%", "++", "eval", "x=1", "-a"});
}

TEST_F(CommandLine, HasNoSyntaxInsideNames) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'[a.toml,b.toml]'",
                      Run("check '[a.toml,b.toml]'").err);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'[1]' is no id",
                      Run("tokenizer decode run '[1]'").err);
  const Outcome outcome = Run("generate run dot --until text --out '[x, y]'");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(*folder_ / "[x, y]"));
}

TEST_F(CommandLine, TakesOptionsInAnyOrder) {
  for (const std::string arguments : {"--set guidance=2 sampler.steps=2 run dot",
                                      "run dot --set guidance=2 --set sampler.steps=2",
                                      "--set=guidance=2 run dot", "--set guidance=2 -- run dot"}) {
    const Outcome outcome = Run("generate " + arguments);
    ASSERT_EQ(outcome.exit_code, 0) << arguments << outcome.err;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "guidance = 2", Page());
  }
  ASSERT_EQ(Run("--quiet eval --set guidance=2 --count 2 run").exit_code, 0);
  std::filesystem::copy(*folder_ / "run", *folder_ / "a,seed=1",
                        std::filesystem::copy_options::recursive);
  EXPECT_EQ(Run("eval --set guidance=2 --count 2 ./a,seed=1").exit_code, 0);
  EXPECT_EQ(Run("eval --count 2 --set guidance=2 a,seed=1").exit_code, 0);
  // A word that is no setting ends the settings; it is told as what it then is.
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'dot' is no run",
                      Run("eval --set guidance=2 dot").err);
}

TEST_F(CommandLine, SaysWhichBoundANumberMisses) {
  for (const auto& [arguments, part] : std::vector<std::pair<std::string, std::string>>{
           {"--seed 18446744073709551615", "at most 9223372036854775807, not 18446744073709551615"},
           {"--count 99999999999999999999", "at most 9223372036854775807, not 999999999999999999"},
           {"--seed -1", "at least 0, not -1"},
           {"--batch 1000000000", "at most 4096, not 1000000000"},
           {"--count 1e3", "a whole number of at least 1, not 1e3"}}) {
    const Outcome outcome = Run("generate run dot " + arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, outcome.err);
  }
}

}  // namespace
}  // namespace tessera
