// tessera: train, generate, evaluate. Exit codes: 0 fine, 2 something to change, said in a
// sentence.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <map>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "config/suggest.h"
#include "ops/allocator.h"

namespace tessera {
namespace {

constexpr int kBadInput = 2;
constexpr int kStopped = 130;  // as a shell says of a command that Ctrl-C ended

int Fail(const std::string& sentence) {
  std::cerr << "tessera: " << sentence << "\n";
  return kBadInput;
}

std::string Unknown(const std::string& kind, const std::string& word,
                    const std::vector<std::string>& known) {
  return absl::StrCat("no ", kind, " '", word, "'; did you mean '", Nearest(word, known), "'?");
}

// The command that the words begin with, and that one's command, as far as they are known; the
// first that is not is named in *problem.
const CLI::App* Chosen(const CLI::App* app, int argc, char** argv, std::string* problem) {
  for (int i = 1; i < argc && app->get_require_subcommand_min() > 0 && argv[i][0] != '-'; ++i) {
    const CLI::App* next = nullptr;
    std::vector<std::string> names;
    for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(command->get_name());
      next = command->get_name() == argv[i] ? command : next;
    }
    if (next == nullptr) {
      *problem = Unknown("command", argv[i], names);
      return app;
    }
    app = next;
  }
  return app;
}

// CLI11's complaint in one sentence, with the nearest option to one that there is not.
std::string Sentence(const CLI::ParseError& error, const CLI::App& command) {
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty()) {
      options.push_back("--" + option->get_lnames().front());
    }
  }
  for (const std::string& word : command.remaining()) {
    if (word.starts_with("-")) {
      return Unknown("option", word.substr(0, word.find('=')), options);
    }
  }
  return absl::StrCat(error.what(), "; --help tells what this command takes");
}

int Main(int argc, char** argv) {
  CLI::App app("One transformer that reads and writes texts and pictures.", "tessera");
  app.require_subcommand(1);
  app.footer("Example: tessera train recipes/shapes.toml --out runs/shapes");
  std::map<std::string, Command> commands;
  const auto add = [&](const char* name, const char* what, Command (*declare)(CLI::App&)) {
    commands[name] = declare(*app.add_subcommand(name, what));
  };
  add("train", "train a recipe", AddTrain);
  add("generate", "continue texts and pictures", AddGenerate);
  add("eval", "measure a trained run", AddEval);
  add("ablate", "compare settings over seeds, in one table", AddAblate);
  add("amed", "teach a trained run to draw patches in few steps", AddAmed);
  add("data", "look at a data set, or check it", AddData);
  add("tokenizer", "train a tokenizer, or use one", AddTokenizer);
  add("report", "show a run on one page", AddReport);
  add("probe", "look inside a run: hidden states, attention, drift", AddProbe);
  add("sample-lab", "compare samplers and numbers of steps on a run", AddSampleLab);
  add("merge", "make adapters part of the weights", AddMerge);
  add("inspect", "what a run holds, and whether it is lossless", AddInspect);
  std::string problem;
  const CLI::App* chosen = Chosen(&app, argc, argv, &problem);
  if (!problem.empty()) {
    return Fail(problem);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : Fail(Sentence(error, *chosen));
  }
  const absl::Status status = commands.at(app.get_subcommands().front()->get_name())();
  if (status.ok()) {
    return 0;
  }
  const int exit_code = Fail(std::string(status.message()));
  return absl::IsCancelled(status) ? kStopped : exit_code;
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  tessera::KeepFreedMemory();  // before the first tensor
  try {
    return tessera::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "tessera: " << error.what() << "\n";
    return 1;
  }
}
