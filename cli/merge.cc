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
  const CheckpointFolder checkpoints = CheckpointsOf(arguments.out, *files);
  if (!absl::IsNotFound(checkpoints.Latest().status())) {
    return absl::AlreadyExistsError(
        absl::StrCat("'", arguments.out, "' holds a run already; name another --out"));
  }
  const std::vector<CheckpointFile> merged = PlainFiles(run);
  RETURN_IF_ERROR(checkpoints.Save(0, merged));
  for (const CheckpointFile& file : merged) {
    if (file.name == "config.toml") {
      RETURN_IF_ERROR(files->Write(JoinPath(arguments.out, file.name), BytesOf(file)));
    }
  }
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
