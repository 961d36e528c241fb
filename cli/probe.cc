#include <CLI/CLI.hpp>

#include "analysis/probe/probe_page.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "config/status.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run, out;
  std::vector<std::string> overrides;
  ProbeOptions options;
  DeviceKind device = DeviceKind::kCpu;
};

absl::Status RunProbe(Arguments arguments) {
  ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun({.path = arguments.run,
                                                    .overrides = arguments.overrides,
                                                    .device = arguments.device,
                                                    .needs = {CheckStatesPredictPatches}}));
  const auto& [run, files] = opened;
  arguments.options.on_part = [](const std::string& what) { ShowLine(what + " ...\n"); };
  ASSIGN_OR_RETURN(const ProbeResult result, ProbeRun(run, files, arguments.options));
  const std::string out = arguments.out.empty() ? JoinPath(arguments.run, "probe") : arguments.out;
  RETURN_IF_ERROR(WriteProbe(result, run, out, "probe of " + arguments.run, *files));
  Notes() << JoinPath(out, "probe.html") << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddProbe(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  ProbeOptions& options = arguments->options;
  app.add_option("run", arguments->run, "Look inside this run or checkpoint folder.")->required();
  app.add_option("--out", arguments->out, "Write into this folder; by default RUN/probe.");
  app.add_option("--count", options.documents, "Read this many held-out documents.")
      ->check(AtLeast(1));
  app.add_option("--export", options.exported, "Write the hidden states of this many of them.")
      ->check(AtLeast(1));
  app.add_option("--show", options.shown, "Show the attention of this many of them.")
      ->check(AtLeast(0));
  app.add_option("--draw", options.drawn, "Draw this many pictures, with guidance and without.")
      ->check(AtLeast(1));
  app.add_option("--seed", options.seed, "Draw noise and pictures with this seed.")
      ->check(AtLeast(0));
  AddWords(app, "--set", &arguments->overrides, "Change a key of [generate], such as guidance=3.");
  AddDeviceOption(app, &arguments->device);
  app.footer(
      "Writes hidden states (states.safetensors), probe.json and probe.html: what each "
      "layer\n"
      "still knows, where it looks, what each layer could already say, whether pictures drift.\n"
      "Example: tessera probe runs/shapes --count 1024");
  return [arguments] { return RunProbe(*arguments); };
}

}  // namespace tessera
