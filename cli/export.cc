#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "config/status.h"
#include "run/export_llama.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run;
  std::string folder;
};

absl::Status ExportHf(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const OpenedRun opened,
                   OpenRun({.path = arguments.run, .needs = {CheckHasModel}}));
  RETURN_IF_ERROR(ExportLlama(opened.run, arguments.folder, *opened.files));
  Notes() << "exported: " << arguments.folder << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddExport(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.require_subcommand(1);
  CLI::App* hf =
      app.add_subcommand("hf", "Write the text side as a folder that `transformers` loads.");
  hf->add_option("run", arguments->run, "Export this run or checkpoint folder.")->required();
  hf->add_option("folder", arguments->folder, "Write this folder, which must not be there yet.")
      ->required();
  constexpr char kExample[] = "Example: tessera export hf runs/mine mine-hf";
  hf->footer(kExample);
  app.footer(kExample);
  return [arguments] { return ExportHf(*arguments); };
}

}  // namespace tessera
