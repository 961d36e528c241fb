// The program. Exit codes: 0 when all went well; 1 when `check` found that numbers miss what a
// recipe expects, when the answer could not be written, or for a fault of the program; 2 when a
// sentence on standard error says what to change; 130 when a signal stopped it (cli/signals.h).
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "cli/arguments.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/failure.h"
#include "cli/open_ranks.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/streams.h"
#include "config/suggest.h"
#include "ops/allocator.h"
#include "run/version.h"

namespace tessera {
namespace {

// The first of several processes that fails says why.
void Tell(const std::string& sentence) {
  if (IsFirstToTell()) {
    ShowError(WithRank(sentence));
  }
}

int Fail(const std::string& sentence) {
  Tell(sentence);
  return kBadInput;
}

int FailBy(const std::exception_ptr& exception) {
  const Failure failure = FailureOf(exception);
  Tell(failure.sentence);
  return failure.exit_code;
}

std::string Unknown(const std::string& kind, const std::string& word,
                    const std::vector<std::string>& known) {
  return absl::StrCat("no ", kind, " '", word, "'; did you mean '", Nearest(word, known), "'?");
}

// Finds the command that the words name, or its own command, as deep as they are known. The first
// word that is no command is named in *problem.
const CLI::App* Chosen(const CLI::App* app, const std::vector<std::string>& words,
                       std::string* problem) {
  for (const std::string& word : words) {
    if (word.starts_with('-')) {
      continue;
    }
    if (app->get_require_subcommand_min() == 0) {
      break;
    }
    const CLI::App* next = nullptr;
    std::vector<std::string> names;
    for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(command->get_name());
      next = command->get_name() == word ? command : next;
    }
    if (next == nullptr) {
      *problem = Unknown("command", word, names);
      return app;
    }
    app = next;
  }
  return app;
}

// Makes one sentence of CLI11's complaint. An unknown option comes with the nearest that there is.
std::string Sentence(const CLI::ParseError& error, const CLI::App& app, const CLI::App& command) {
  std::vector<std::string> options;
  for (const CLI::App* with_options : {&command, &app}) {
    for (const CLI::Option* option : with_options->get_options()) {
      if (!option->get_lnames().empty()) {
        options.push_back("--" + option->get_lnames().front());
      }
    }
  }
  for (const std::string& word : app.remaining(/*recurse=*/true)) {
    if (word.starts_with("-")) {
      return Unknown("option", word.substr(0, word.find('=')), options);
    }
  }
  return absl::StrCat(WithoutGuards(error.what()), "; --help says what this command takes");
}

// The commands that several processes can carry out together.
const std::set<std::string> kOfSeveral = {"train", "generate", "eval", "ablate"};

struct CommandLine {
  CLI::App app{"One transformer that reads and writes texts and pictures.", "tessera"};
  std::map<std::string, Command> commands;

  void Add(const char* name, const char* what, Command (*declare)(CLI::App&)) {
    commands[name] = declare(*app.add_subcommand(name, what));
  }
};

void Declare(CommandLine* line) {
  CLI::App& app = line->app;
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "Print this help and exit.");
  app.fallthrough();  // --quiet may stand behind the command too
  app.set_version_flag("--version", VersionText,
                       "Print what this program is, and the processor that it sees.");
  app.add_flag("--quiet", quiet, "Print only what was asked for and errors, for every command.");
  app.footer(
      "`tessera COMMAND --help` describes a command.\n"
      "Example: tessera train recipes/shapes.toml --out runs/shapes");
  line->Add("train", "Train a recipe.", AddTrain);
  line->Add("generate", "Continue texts and pictures with a trained run.", AddGenerate);
  line->Add("eval", "Measure a trained run.", AddEval);
  line->Add("ablate", "Compare settings over seeds in one table.", AddAblate);
  line->Add("check", "Train recipes again and compare with what they expect.", AddCheck);
  line->Add("amed", "Teach a trained run to draw patches in few steps.", AddAmed);
  line->Add("judge", "Teach a small network to name the classes of a data set.", AddJudge);
  line->Add("data", "Look at a data set, or check it.", AddData);
  line->Add("tokenizer", "Train a tokenizer, or use one.", AddTokenizer);
  line->Add("report", "Show a run on one page.", AddReport);
  line->Add("compare", "Show several runs on one page.", AddCompare);
  line->Add("probe", "Look inside a run at hidden states, attention and drift.", AddProbe);
  line->Add("sample-lab", "Compare samplers and numbers of steps on a run.", AddSampleLab);
  line->Add("merge", "Make adapters part of the weights.", AddMerge);
  line->Add("import", "Make a run of another program's checkpoint.", AddImport);
  line->Add("export", "Write a run for other programs.", AddExport);
  line->Add("inspect", "Show what a run holds and whether its input is lossless.", AddInspect);
  line->Add("completion", "Print what a shell completes this command line with.", AddCompletion);
  TakeGuardsOff(app);
}

int Main(const std::vector<std::string>& words) {
  CommandLine line;
  Declare(&line);
  std::string problem;
  const CLI::App* chosen = Chosen(&line.app, words, &problem);
  if (!problem.empty()) {
    return Fail(problem);
  }
  try {
    std::vector<std::string> backwards = CommandWords(words, *chosen);  // as CLI11 wants them
    std::ranges::reverse(backwards);
    line.app.parse(std::move(backwards));
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? line.app.exit(error)
                                      : Fail(Sentence(error, line.app, *chosen));
  }
  const std::string name = line.app.get_subcommands().front()->get_name();
  absl::Status status = kOfSeveral.contains(name) ? absl::OkStatus() : CheckAlone(name);
  if (status.ok()) {
    status = line.commands.at(name)();
  }
  LeaveRanks(status.ok());
  if (status.ok()) {
    return 0;
  }
  const int exit_code = Fail(std::string(status.message()));
  return absl::IsCancelled(status)    ? kStopped
         : status.GetPayload(kMissed) ? kMissedOrFault
                                      : exit_code;
}

// An answer that did not arrive is no success.
int AfterOutput(int exit_code) {
  const absl::Status written = FlushOutput();
  if (written.ok()) {
    return exit_code;
  }
  ShowError(std::string(written.message()));
  return exit_code == 0 ? kMissedOrFault : exit_code;
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  using namespace tessera;
  quiet = !OpenStandardStreams();  // notes are for somebody who listens
  command_line.assign(argv, argv + argc);
  SetSignals();
  std::set_terminate([] { _exit(FailBy(std::current_exception())); });  // of threads
  KeepFreedMemory();                                                    // before the first tensor
  try {
    return AfterOutput(Main({argv + std::min(argc, 1), argv + argc}));
  } catch (...) {
    return AfterOutput(FailBy(std::current_exception()));
  }
}
