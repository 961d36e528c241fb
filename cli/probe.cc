#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "analysis/probe/probe_page.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "config/status.h"
#include "config/toml.h"
#include "run/adopt_autoencoder.h"
#include "run/amed_file.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run, out;
  std::vector<std::string> overrides;
  ProbeOptions options;
  DeviceKind device = DeviceKind::kCpu;
};

absl::Status RunProbe(Arguments arguments) {
  ASSIGN_OR_RETURN(const auto files, FilesOf(arguments.run));
  ASSIGN_OR_RETURN(Run run, LoadRun(arguments.run, *files, arguments.device));
  RETURN_IF_ERROR(CheckHeadFollowsSlots(arguments.run, run));
  RETURN_IF_ERROR(FromToml("", "--set", arguments.overrides, &run.config.generate));
  if (const std::string problem = run.config.Problem(); !problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  RETURN_IF_ERROR(LoadAmed(arguments.run, *files, &run));
  if (isatty(STDERR_FILENO)) {
    arguments.options.on_part = [](const std::string& what) { std::cerr << what << " ...\n"; };
  }
  ASSIGN_OR_RETURN(const ProbeResult result, ProbeRun(run, files, arguments.options));
  const std::string out = arguments.out.empty() ? JoinPath(arguments.run, "probe") : arguments.out;
  RETURN_IF_ERROR(WriteProbe(result, run, out, "probe of " + arguments.run, *files));
  std::cout << JoinPath(out, "probe.html") << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddProbe(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  ProbeOptions& options = arguments->options;
  app.add_option("run", arguments->run, "a run or checkpoint folder")->required();
  app.add_option("--out", arguments->out, "the folder to write; by default RUN/probe");
  app.add_option("--count", options.documents, "held-out documents to read")->check(AtLeast(1));
  app.add_option("--export", options.exported, "of them, whose hidden states are written")
      ->check(AtLeast(1));
  app.add_option("--show", options.shown, "of them, whose attention is shown")->check(AtLeast(0));
  app.add_option("--draw", options.drawn, "pictures to draw, with guidance and without")
      ->check(AtLeast(1));
  app.add_option("--seed", options.seed, "of noise and drawing")->check(AtLeast(0));
  app.add_option("--set", arguments->overrides, "key=value of [generate], such as guidance=3");
  AddDeviceOption(app, &arguments->device);
  app.footer(
      "Writes hidden states (states.safetensors), probe.json and probe.html: what each "
      "layer\n"
      "still knows, where it looks, what each layer could already say, whether pictures drift.\n"
      "Example: tessera probe runs/shapes --count 1024");
  return [arguments] { return RunProbe(*arguments); };
}

}  // namespace tessera
