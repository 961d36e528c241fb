// What bash offers behind a begun command line, by the script that `tessera completion bash`
// prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/cli/process.h"

namespace tessera {
namespace {

using Words = std::vector<std::string>;

class CompletionTest : public testing::Test {
 protected:
  void SetUp() override {
    const Outcome script = Tessera(folder_, "completion bash");
    ASSERT_EQ(script.exit_code, 0) << script.err;
    folder_.Write("script", script.out);
  }

  // The words as bash splits the line, at spaces and `=`; the last is the one to be completed.
  Words After(const std::string& line) {
    folder_.Write("ask",
                  "set -u\nsource ./script\nCOMP_WORDS=(" + line +
                      ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_tessera\n"
                      "printf '%s\\n' ${COMPREPLY[@]+\"${COMPREPLY[@]}\"} >offered 2>errors\n");
    const std::string command = "cd '" + folder_.path() + "' && bash ask 2>errors";
    EXPECT_EQ(std::system(command.c_str()), 0) << Contents(folder_ / "errors");
    EXPECT_EQ(Contents(folder_ / "errors"), "") << line;
    std::istringstream offered(Contents(folder_ / "offered"));
    Words words;
    for (std::string word; offered >> word;) {
      words.push_back(word);
    }
    return words;
  }

  bool Offers(const std::string& line, const std::string& word) {
    return std::ranges::count(After(line), word) == 1;
  }

  TempFolder folder_;
};

TEST_F(CompletionTest, OffersCommandsAndTheirCommands) {
  EXPECT_EQ(After("tessera gen"), Words{"generate"});
  EXPECT_EQ(After("tessera data prev"), Words{"preview"});
  EXPECT_TRUE(Offers("tessera ''", "completion"));
  EXPECT_TRUE(Offers("tessera --quiet tr", "train"));
  EXPECT_EQ(After("tessera nonsense"), Words{});
}

TEST_F(CompletionTest, OffersTheOptionsOfTheCommandAlone) {
  EXPECT_EQ(After("tessera train --res"), Words{"--resume"});
  EXPECT_EQ(After("tessera generate runs/a --res"), Words{});
  EXPECT_TRUE(Offers("tessera generate runs/a --", "--count"));
  EXPECT_TRUE(Offers("tessera --", "--version"));
}

TEST_F(CompletionTest, OffersKeysOfARecipeAndTheirValues) {
  EXPECT_EQ(After("tessera train a.toml train.min"), Words{"train.minutes="});
  EXPECT_EQ(After("tessera ablate a.toml --grid model.head.ki"), Words{"model.head.kind="});
  EXPECT_TRUE(Offers("tessera check a.toml ''", "model.width="));
  EXPECT_EQ(After("tessera train a.toml model.head.kind = softm"), Words{"softmax256"});
  EXPECT_TRUE(Offers("tessera train a.toml model.head.kind =", "gmm"));
}

TEST_F(CompletionTest, OffersKeysOfGenerationToWhatReadsARun) {
  EXPECT_EQ(After("tessera generate runs/a --set sampler.ste"), Words{"sampler.steps="});
  EXPECT_TRUE(Offers("tessera eval runs/a --set ''", "guidance="));
  EXPECT_EQ(After("tessera generate runs/a --set engine = pla"), Words{"plain"});
  EXPECT_EQ(After("tessera generate runs/a gui"), Words{});  // a prompt
}

// Files are what bash itself offers where the script offers nothing.
TEST_F(CompletionTest, LeavesFilesToTheShell) {
  EXPECT_EQ(After("tessera train ''"), Words{});
  EXPECT_EQ(After("tessera train recipes/sh"), Words{});
  EXPECT_EQ(After("tessera inspect ./"), Words{});
}

TEST_F(CompletionTest, ForZshHasAllCommandsAndOtherShellsAreRefused) {
  const Outcome zsh = Tessera(folder_, "completion zsh");
  EXPECT_EQ(zsh.exit_code, 0);
  EXPECT_TRUE(zsh.out.starts_with("#compdef tessera\n"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'sample-lab:Compare samplers", zsh.out);
  const Outcome fish = Tessera(folder_, "completion fish");
  EXPECT_EQ(fish.exit_code, 2);
  EXPECT_EQ(fish.err, "tessera: completion is for bash and zsh, not for 'fish'\n");
}

}  // namespace
}  // namespace tessera
