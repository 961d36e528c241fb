#include <CLI/CLI.hpp>
#include <array>
#include <iostream>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/commands.h"
#include "cli/completion_scripts.h"
#include "config/toml.h"
#include "run/run_config.h"

namespace tessera {
namespace {

enum class Shell { kBash, kZsh };
constexpr auto EnumNames(Shell) { return std::array{"bash", "zsh"}; }

// A word that may follow, and what it means, which zsh shows.
struct Choice {
  std::string word, what;
};

// In single quotes, as both shells read them.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// One string of words for bash, an array of `word:what` for zsh.
std::string Joined(const std::vector<Choice>& choices, Shell shell) {
  std::vector<std::string> words;
  for (const Choice& choice : choices) {
    words.push_back(shell == Shell::kBash ? choice.word : Quoted(choice.word + ":" + choice.what));
  }
  const std::string joined = absl::StrJoin(words, " ");
  return shell == Shell::kBash ? Quoted(joined) : "(" + joined + ")";
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// Whose keys a command changes by words of the form path=value: those of a recipe, or those of
// [generate] in a run. If these words need no option before them, they follow any other word.
const char* KeysOf(const CLI::App& command) {
  const auto has = [&](const char* name) { return command.get_option_no_throw(name) != nullptr; };
  const std::string& name = command.get_name();
  return has("overrides") || name == "check" ? " keys=recipe behind=$behind$given"
         : name == "ablate"                  ? " keys=recipe"
         : has("--set")                      ? " keys=generate"
                                             : "";
}

struct Words {
  std::vector<std::string> patterns;
  std::string arms;
};

// path: the command's name behind those of the commands that it stands in.
void AddCommand(const CLI::App& command, const std::string& path, Shell shell, Words* words) {
  std::vector<Choice> children, flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      flags.push_back({"--" + name, option->get_description()});
    }
  }
  for (const CLI::App* child : CommandsOf(command)) {
    children.push_back({child->get_name(), child->get_description()});
    words->patterns.push_back(Quoted(path + "/" + child->get_name()));
  }
  absl::StrAppend(&words->arms, "    ", Quoted(path), ") children=", Joined(children, shell),
                  " flags=", Joined(flags, shell), KeysOf(command), " ;;\n");
  for (const CLI::App* child : CommandsOf(command)) {
    AddCommand(*child, absl::StrCat(path, path.empty() ? "" : " ", child->get_name()), shell,
               words);
  }
}

std::string ScriptOf(const CLI::App& app, Shell shell) {
  Words words;
  AddCommand(app, "", shell, &words);
  std::vector<Choice> recipe, generate;
  std::string values;
  for (const FieldInfo& field : ListFields(RunConfig())) {
    if (field.type.empty()) {
      continue;
    }
    recipe.push_back({field.path, field.doc});
    if (absl::StartsWith(field.path, "generate.")) {
      generate.push_back({field.path.substr(std::string("generate.").size()), field.doc});
    }
    if (absl::StrContains(field.type, " | ")) {
      const std::string known = absl::StrReplaceAll(field.type, {{"\"", ""}, {" | ", " "}});
      absl::StrAppend(&values, "      ", field.path,
                      ") values=", shell == Shell::kBash ? Quoted(known) : "(" + known + ")",
                      " ;;\n");
    }
  }
  return absl::StrReplaceAll(shell == Shell::kBash ? kBashCompletion : kZshCompletion,
                             {{"COMMANDS", absl::StrJoin(words.patterns, "|")},
                              {"ARMS", words.arms},
                              {"RECIPE", Joined(recipe, shell)},
                              {"GENERATE", Joined(generate, shell)},
                              {"VALUES", values}});
}

}  // namespace

Command AddCompletion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  app.add_option("shell", *shell, "Complete in this shell, bash or zsh.")->required();
  app.footer(
      "Example: tessera completion bash >~/.local/share/bash-completion/completions/tessera");
  return [shell, &app]() -> absl::Status {
    const auto known = EnumFromName<Shell>(*shell);
    if (!known) {
      return absl::InvalidArgumentError("completion is for bash and zsh, not for '" + *shell + "'");
    }
    std::cout << ScriptOf(*app.get_parent(), *known);
    return absl::OkStatus();
  };
}

}  // namespace tessera
