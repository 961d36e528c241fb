#include <CLI/CLI.hpp>

#include "analysis/lab/sample_lab_page.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "config/status.h"

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
  ASSIGN_OR_RETURN(const OpenedRun opened,
                   OpenRun({.path = options.path,
                            .overrides = arguments.overrides,
                            .device = arguments.device,
                            .needs = {CheckStatesPredictPatches, CheckGeneratesImages}}));
  const auto& [run, files] = opened;
  options.on_progress = ShowShare;
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
  Notes() << JoinPath(out, "sample_lab.html") << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddSampleLab(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  LabOptions& options = arguments->options;
  app.add_option("run", options.path, "Compare samplers on this run or checkpoint folder.")
      ->required();
  app.add_option("--out", arguments->out, "Write into this folder; by default RUN/sample_lab.");
  app.add_option("--count", options.conditions, "Draw under this many hidden states.")
      ->check(AtLeast(1));
  app.add_option("--draws", options.draws, "Draw this many patches under each.")
      ->check(CLI::Range(2, 1000));
  app.add_option("--steps", options.steps, "Try these numbers of steps, such as 2,4,8,16,32.")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 1000));
  app.add_option("--reference", options.reference_steps,
                 "Solve with this many steps for reference.")
      ->check(CLI::Range(2, 1000));
  app.add_option("--pictures", options.pictures, "Draw this many pictures with each sampler.")
      ->check(AtLeast(0));
  app.add_option("--seed", options.seed, "Draw the noise with this seed.")->check(AtLeast(0));
  AddWords(app, "--set", &arguments->overrides, "Change a key of [generate], such as guidance=1.");
  AddDeviceOption(app, &arguments->device);
  app.footer(
      "Writes sample_lab.json and sample_lab.html: every sampler that the head allows, amed where\n"
      "it was fitted, at each number of steps.\n"
      "Example: tessera sample-lab runs/shapes --steps 2,4,8,16");
  return [arguments] { return RunSampleLab(*arguments); };
}

}  // namespace tessera
