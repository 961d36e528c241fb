// What `tessera` says about itself, read from --help as a user does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "tests/cli/process.h"

namespace tessera {
namespace {

struct Entry {
  std::string name, description;
};

std::string Stripped(const std::string& text) {
  const size_t first = text.find_first_not_of(' ');
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// The entries under a heading such as "Options:", each perhaps on several lines.
std::vector<Entry> Entries(const std::string& help, const std::string& heading) {
  std::vector<Entry> entries;
  std::istringstream lines(help);
  std::string line;
  while (std::getline(lines, line) && Stripped(line) != heading) {
  }
  while (std::getline(lines, line) && !Stripped(line).empty()) {
    size_t end = 0;
    if (line.size() > 2 && line[2] != ' ') {
      end = std::min(line.find("  ", 2), line.size());
      entries.push_back({line.substr(2, end - 2), ""});
    }
    if (!entries.empty()) {
      std::string& description = entries.back().description;
      description = Stripped(description + " " + Stripped(line.substr(end)));
    }
  }
  return entries;
}

struct Help {
  std::string command, text;
};

// Every command with the commands that it has; the program itself comes first, as "".
std::vector<Help> AllHelp(const TempFolder& folder) {
  std::vector<Help> all = {{"", ""}};
  for (size_t i = 0; i < all.size(); ++i) {
    const Outcome outcome = Tessera(folder, all[i].command + " --help");
    EXPECT_EQ(outcome.exit_code, 0) << all[i].command;
    all[i].text = outcome.out;
    const std::string prefix = all[i].command.empty() ? "" : all[i].command + " ";
    for (const Entry& entry : Entries(outcome.out, "Subcommands:")) {
      all.push_back({prefix + entry.name, ""});
    }
  }
  return all;
}

TEST(Help, OfEveryCommandDescribesEachArgumentInASentenceAndShowsAnExample) {
  const std::vector<Help> all = AllHelp(TempFolder());
  for (const char* known : {"train", "sample-lab", "data preview", "tokenizer decode"}) {
    EXPECT_NE(std::ranges::find(all, known, &Help::command), all.end()) << known;
  }
  for (const auto& [command, text] : all) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "Example: tessera " + command, text);
    for (const char* heading : {"Positionals:", "Options:", "Subcommands:"}) {
      for (const auto& [name, description] : Entries(text, heading)) {
        ASSERT_FALSE(description.empty()) << command << " " << name;
        EXPECT_TRUE(std::isupper(static_cast<unsigned char>(description.front())))
            << command << " " << name << ": " << description;
        EXPECT_EQ(description.back(), '.') << command << " " << name << ": " << description;
      }
    }
  }
}

TEST(Version, NamesTheProjectAndLibTorch) {
  const TempFolder folder;
  const Outcome outcome = Tessera(folder, "--version");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(outcome.out.starts_with("tessera ")) << outcome.out;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, ", LibTorch ", outcome.out);
}

TEST(Quiet, LeavesOnlyWhatWasAskedForAndErrors) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const Outcome trained = Tessera(folder, "train recipe.toml --out run --quiet");
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.out + trained.err, "");
  const Outcome drawn = Tessera(folder, "--quiet generate run 'a dot' --until text --out drawn");
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_EQ(std::ranges::count(drawn.out, '\n'), 1) << drawn.out;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"image_loss\"",
                      Tessera(folder, "eval run --count 4 --json --quiet").out);
  const Outcome again = Tessera(folder, "train recipe.toml --out run --quiet");
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "holds a run already", again.err);
}

}  // namespace
}  // namespace tessera
