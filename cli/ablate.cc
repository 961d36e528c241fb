#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analysis/ablation/study_page.h"
#include "analysis/ablation/study_ranks.h"
#include "analysis/report/machine.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/open_ranks.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "config/status.h"
#include "config/suggest.h"
#include "files/folder_lock.h"

namespace tessera {
namespace {

struct Arguments {
  std::string spec;
  std::vector<std::string> grids;
  std::vector<std::string> overrides;
  int64_t steps = 0;
  double minutes = 0;
  int64_t count = 0;  // 0: the study's
  std::string out;
};

// Quotes a word so that a shell reads it again.
std::string ShellWord(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_of(" '\"|;&<>()[]*?$\\`#~") == word.npos;
  return plain ? word : absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

std::string CommandOf(const Arguments& arguments) {
  std::string command = "tessera ablate " + ShellWord(arguments.spec);
  for (const std::string& grid : arguments.grids) {
    absl::StrAppend(&command, " --grid ", ShellWord(grid));
  }
  for (const std::string& setting : arguments.overrides) {
    absl::StrAppend(&command, " --set ", ShellWord(setting));
  }
  absl::StrAppend(&command, arguments.steps > 0 ? absl::StrCat(" --steps ", arguments.steps) : "",
                  arguments.minutes > 0 ? absl::StrCat(" --minutes ", arguments.minutes) : "",
                  arguments.count > 0 ? absl::StrCat(" --count ", arguments.count) : "");
  return absl::StrCat(command, " --out ", ShellWord(arguments.out));
}

StudyConfig WithArguments(StudyConfig study, const Arguments& arguments) {
  study.grid.insert(study.grid.end(), arguments.grids.begin(), arguments.grids.end());
  if (arguments.steps > 0 || arguments.minutes > 0) {
    study.settings.push_back(absl::StrCat("train.steps=", arguments.steps));
    study.settings.push_back(absl::StrCat("train.minutes=", arguments.minutes));
  }
  study.settings.insert(study.settings.end(), arguments.overrides.begin(),
                        arguments.overrides.end());
  study.count = arguments.count > 0 ? arguments.count : study.count;
  return study;
}

// What has happened is printed line by line; what is happening is shown on a terminal alone.
StudyHooks ShownHooks() {
  StudyHooks hooks;
  hooks.stop = ListenForStop();
  hooks.on_line = [](const std::string& line) { ShowStep(line, /*stays=*/true); };
  if (ShowsProgress()) {
    hooks.on_progress = ShowLine;
  }
  return hooks;
}

// A readout that no run has is most likely mistyped, so its nearest name is printed.
void NameMissing(const StudyResult& result) {
  const std::vector<std::string> names = MeasureNames(result);
  for (const std::string& readout : Readouts(result)) {
    const bool found = std::ranges::any_of(
        names, [&](const std::string& name) { return name.starts_with(readout); });
    if (!found && !names.empty()) {
      Notes() << "no run measured '" << readout << "'; the nearest is '" << Nearest(readout, names)
              << "'\n";
    }
  }
}

void Print(const StudyResult& result, const std::string& folder) {
  const TextTable problems = ProblemTable(result);
  Notes() << "\n" << PlainText(ArmTable(result));
  if (!problems.rows.empty()) {
    Notes() << "\n" << PlainText(problems);
  }
  NameMissing(result);
  Notes() << JoinPath(folder, "report.html") << "\n";
}

absl::StatusOr<std::optional<FolderLock>> Lock(const std::string& folder, const Files& files) {
  RETURN_IF_ERROR(files.MakeFolder(folder));
  ASSIGN_OR_RETURN(FolderLock lock, LockFolder(folder));
  return lock;
}

// Keeps other studies out of the folder, which rank 0 writes.
absl::StatusOr<std::optional<FolderLock>> Enter(const std::string& folder, const Files& files,
                                                const Ranks& ranks) {
  absl::StatusOr<std::optional<FolderLock>> lock = std::nullopt;
  if (ranks.writes()) {
    lock = Lock(folder, files);
  }
  RETURN_IF_ERROR(ranks.Agree(lock.status()));
  return lock;
}

absl::Status RunAblate(Arguments arguments) {
  ASSIGN_OR_RETURN(const Ranks ranks, OpenRanks());
  const auto files = std::make_shared<const Files>();
  if (arguments.out.empty()) {
    const std::string name = LastName(arguments.spec);
    arguments.out = "studies/" + name.substr(0, name.rfind('.'));
  }
  ASSIGN_OR_RETURN(const StudyConfig study, ReadStudy(arguments.spec, *files));
  ASSIGN_OR_RETURN(const StudyPlan plan, PlanStudy(WithArguments(study, arguments), *files));
  ASSIGN_OR_RETURN(const auto lock, Enter(arguments.out, *files, ranks));
  const std::string command = CommandOf(arguments);
  StudyHooks hooks = ShownHooks();
  hooks.ranks = ranks;
  hooks.on_run = [&](const StudyOutcomes& outcomes) {
    return ranks.writes() ? WriteStudy({plan, outcomes}, arguments.out, command, *files)
                          : absl::OkStatus();
  };
  const absl::StatusOr<StudyOutcomes> mine = RunStudy(plan, arguments.out, files, hooks);
  RETURN_IF_ERROR(ranks.Agree(mine.status()));
  const StudyOutcomes outcomes = JoinOutcomes(*mine, ranks);
  RETURN_IF_ERROR(ranks.Agree(hooks.on_run(outcomes)));
  Print({plan, outcomes}, arguments.out);
  if (stop_requested) {
    return absl::CancelledError(absl::StrCat("stopped; go on with: ", command));
  }
  return absl::OkStatus();
}

}  // namespace

Command AddAblate(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("study", arguments->spec, "Run this study, or vary this recipe.")->required();
  AddWords(app, "--grid", &arguments->grids,
           "Vary a key, path=value,value, or choose among settings that belong together, "
           "'a=1; b=2 | a=3; b=4', each with a name before a colon if you like. All "
           "combinations of the grids are run; a grid of the seed repeats each arm.");
  AddWords(app, "--set", &arguments->overrides,
           "Change this key of the recipe, path=value, in all runs.");
  auto* steps = app.add_option("--steps", arguments->steps, "Train each run for this many steps.");
  auto* minutes = app.add_option(
      "--minutes", arguments->minutes,
      "Train each run for this many minutes. A study that is cut then differs from an "
      "uncut one.");
  steps->check(AtLeast(1))->excludes(minutes);
  minutes->check(CLI::PositiveNumber);
  app.add_option("--count", arguments->count,
                 "Measure this many documents and pictures; 256 unless the study says otherwise.")
      ->check(AtLeast(1));
  app.add_option("--out", arguments->out,
                 "Write the study into this folder; by default studies/NAME.");
  app.footer(
      "Trains and measures each run in a process of its own, as `train` and `eval` do, and writes\n"
      "study.json, study.csv and report.html. Started again it goes on; runs may be added.\n"
      "Example: tessera ablate recipes/studies/heads.toml\n"
      "         tessera ablate recipes/shapes.toml --steps 300 --grid model.head.kind=gmm,mse "
      "--grid seed=1,2,3");
  return [arguments] { return RunAblate(*arguments); };
}

}  // namespace tessera
