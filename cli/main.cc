// tessera: train, generate, evaluate. Exit codes: 0 fine, 2 something to change, said in a
// sentence.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <map>

#include "cli/commands.h"
#include "config/suggest.h"
#include "ops/allocator.h"

namespace tessera {
namespace {

constexpr int kBadInput = 2;

int Fail(const std::string& sentence) {
  std::cerr << "tessera: " << sentence << "\n";
  return kBadInput;
}

int Main(int argc, char** argv) {
  CLI::App app("One transformer that reads and writes texts and pictures.", "tessera");
  app.require_subcommand(1);
  app.footer("Example: tessera train recipes/shapes.toml --out runs/shapes");
  std::map<std::string, Command> commands;
  std::vector<std::string> names;
  const auto add = [&](const char* name, const char* what, Command (*declare)(CLI::App&)) {
    commands[name] = declare(*app.add_subcommand(name, what));
    names.push_back(name);
  };
  add("train", "train a recipe", AddTrain);
  add("generate", "continue texts and pictures", AddGenerate);
  add("eval", "measure a trained run", AddEval);
  add("data", "look at a data set, or check it", AddData);
  add("report", "show a run on one page", AddReport);
  add("inspect", "what a run holds, and whether it is lossless", AddInspect);
  if (argc > 1 && argv[1][0] != '-' && !commands.contains(argv[1])) {
    return Fail(std::string("no command '") + argv[1] + "'; did you mean '" +
                Nearest(argv[1], names) + "'?");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadInput;
  }
  const absl::Status status = commands.at(app.get_subcommands().front()->get_name())();
  return status.ok() ? 0 : Fail(std::string(status.message()));
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
