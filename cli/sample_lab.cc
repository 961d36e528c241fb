#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_format.h"
#include "analysis/lab/sample_lab_page.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "config/status.h"
#include "config/toml.h"
#include "run/adopt_autoencoder.h"

namespace tessera {
namespace {

struct Arguments {
  std::string out;
  std::vector<std::string> overrides;
  LabOptions options;
  DeviceKind device = DeviceKind::kCpu;
};

absl::Status RunSampleLab(Arguments arguments) {
  LabOptions& options = arguments.options;
  ASSIGN_OR_RETURN(const auto files, FilesOf(options.path));
  ASSIGN_OR_RETURN(Run run, LoadRun(options.path, *files, arguments.device));
  RETURN_IF_ERROR(CheckHeadFollowsSlots(options.path, run));
  RETURN_IF_ERROR(CheckDraws(options.path, run));
  RETURN_IF_ERROR(FromToml("", "--set", arguments.overrides, &run.config.generate));
  if (const std::string problem = run.config.Problem(); !problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  if (isatty(STDERR_FILENO)) {
    options.on_progress = [](const std::string& what, double share) {
      std::cerr << absl::StrFormat("\r\033[K%s %3.0f%%  %s", what, 100 * share,
                                   share < 1 ? "" : "\n")
                << std::flush;
    };
  }
  ASSIGN_OR_RETURN(const LabResult result, CompareSamplers(run, files, options));
  const std::string out =
      arguments.out.empty() ? JoinPath(options.path, "sample_lab") : arguments.out;
  RETURN_IF_ERROR(files->MakeFolder(out));
  RETURN_IF_ERROR(files->Write(JoinPath(out, "sample_lab.json"),
                               DumpJson(LabJson(result), /*indented=*/true) + "\n"));
  RETURN_IF_ERROR(files->Write(JoinPath(out, "sample_lab.html"),
                               LabPage(result, run, "samplers of " + options.path)));
  for (const std::string& refusal : result.refused) {
    std::cout << "left out: " << refusal << "\n";
  }
  std::cout << JoinPath(out, "sample_lab.html") << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddSampleLab(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  LabOptions& options = arguments->options;
  app.add_option("run", options.path, "a run or checkpoint folder")->required();
  app.add_option("--out", arguments->out, "the folder to write; by default RUN/sample_lab");
  app.add_option("--count", options.conditions, "hidden states to draw under")->check(AtLeast(1));
  app.add_option("--draws", options.draws, "patches under each")->check(CLI::Range(2, 1000));
  app.add_option("--steps", options.steps, "numbers of steps, such as 2,4,8,16,32")
      ->delimiter(',')
      ->check(CLI::Range(1, 1000));
  app.add_option("--reference", options.reference_steps, "steps of the fine solutions")
      ->check(CLI::Range(2, 1000));
  app.add_option("--pictures", options.pictures, "drawn by each sampler")->check(AtLeast(0));
  app.add_option("--seed", options.seed, "of the noise")->check(AtLeast(0));
  app.add_option("--set", arguments->overrides, "key=value of [generate], such as guidance=1");
  AddDeviceOption(app, &arguments->device);
  app.footer(
      "Writes sample_lab.json and sample_lab.html: every sampler that the head allows, amed where\n"
      "it was fitted, at each number of steps.\n"
      "Example: tessera sample-lab runs/shapes --steps 2,4,8,16");
  return [arguments] { return RunSampleLab(*arguments); };
}

}  // namespace tessera
