#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "config/status.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run;
  std::string out;
};

absl::Status RunMerge(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun({.path = arguments.run}));
  const auto& [run, files] = opened;
  if (run.adapters.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", arguments.run, "' has no adapters, so there is nothing to merge"));
  }
  RETURN_IF_ERROR(CheckNoRun(arguments.out, *files));
  RETURN_IF_ERROR(SaveNewRun(run, arguments.out, *files));
  Notes() << "merged: " << arguments.out << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddMerge(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("run", arguments->run, "Merge the adapters of this run or checkpoint folder.")
      ->required();
  app.add_option("--out", arguments->out, "Write the run without adapters into this folder.")
      ->required();
  app.footer("Example: tessera merge runs/mine --out runs/mine_merged");
  return [arguments] { return RunMerge(*arguments); };
}

}  // namespace tessera
