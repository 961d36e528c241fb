#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

namespace tessera {
namespace {

constexpr char kGuard = '\x01';

// CLI11 takes [a,b] apart wherever several words may stand, and ends a command at ++.
std::string Guarded(const std::string& word) {
  const bool special = word.starts_with('[') || word == "++" || word.starts_with(kGuard);
  return special ? kGuard + word : word;
}

std::string Unguarded(const std::string& word) {
  return word.starts_with(kGuard) ? word.substr(1) : word;
}

// path=value, or "name: path=value" as --grid takes it. A folder such as runs/a=1 is none.
bool IsSetting(const std::string& word) {
  size_t begin = word.find_first_of(":=/");
  begin = begin == word.npos || word[begin] != ':' ? 0 : word.find_first_not_of(' ', begin + 1);
  const size_t equals = word.find('=');
  if (begin >= equals || equals == word.npos) {
    return false;
  }
  return std::all_of(word.begin() + begin, word.begin() + equals, [](unsigned char letter) {
    return std::isalnum(letter) || letter == '_' || letter == '.';
  });
}

bool TakesSeveralWords(const std::string& word, const CLI::App& command) {
  const CLI::Option* option = word.starts_with("--") ? command.get_option_no_throw(word) : nullptr;
  return option != nullptr && option->get_items_expected_max() > 1;
}

}  // namespace

std::vector<std::string> CommandWords(const std::vector<std::string>& words,
                                      const CLI::App& command) {
  std::vector<std::string> taken;
  std::string repeated;  // the option whose words may follow
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") {
      std::transform(words.begin() + i, words.end(), std::back_inserter(taken), Guarded);
      break;
    }
    if (!repeated.empty() && IsSetting(words[i])) {
      taken.push_back(repeated);
    } else if (TakesSeveralWords(words[i], command)) {
      repeated = words[i];
      taken.push_back(words[i]);
      if (++i < words.size()) {
        taken.push_back(Guarded(words[i]));
      }
      continue;
    } else {
      repeated.clear();
    }
    taken.push_back(Guarded(words[i]));
  }
  return taken;
}

void TakeGuardsOff(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    option->transform(Unguarded);
  }
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    TakeGuardsOff(*command);
  }
}

std::string WithoutGuards(std::string text) {
  std::erase(text, kGuard);
  return text;
}

}  // namespace tessera
