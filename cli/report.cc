#include "analysis/report/report.h"

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "config/status.h"

namespace tessera {
namespace {

absl::Status RunReport(const std::string& path) {
  ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun({.path = path}));
  RETURN_IF_ERROR(WriteReport(path, opened.run, opened.files));
  Notes() << JoinPath(path, "report.html") << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddReport(CLI::App& app) {
  auto run = std::make_shared<std::string>();
  app.add_option("run", *run, "Show this run folder.")->required();
  app.footer(
      "Writes report.html into the run folder, with the numbers of the last tessera eval.\n"
      "Example: tessera report runs/shapes");
  return [run] { return RunReport(*run); };
}

}  // namespace tessera
