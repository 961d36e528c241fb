#include "analysis/report/compare.h"

#include <CLI/CLI.hpp>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/status.h"

namespace tessera {
namespace {

struct Arguments {
  std::vector<std::string> runs;
  std::string out = "compare.html";
};

absl::Status RunCompare(const Arguments& arguments) {
  const Files files;
  ASSIGN_OR_RETURN(const std::string page, ComparePage(arguments.runs, files));
  RETURN_IF_ERROR(files.Write(arguments.out, page));
  Notes() << arguments.out << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddCompare(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  AddWords(app, "runs", &arguments->runs, "Show these run folders beside each other.")->required();
  app.add_option("--out", arguments->out, "Write the page into this file.")->capture_default_str();
  app.footer(
      "The page has curves, the last sheets, the measures of each eval.json and the settings that "
      "differ.\nExample: tessera compare runs/shapes runs/quick --out compare.html");
  return [arguments] { return RunCompare(*arguments); };
}

}  // namespace tessera
