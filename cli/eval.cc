#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/measure/distances.h"
#include "analysis/measure/measure.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "cli/open_ranks.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "cli/streams.h"
#include "config/status.h"
#include "files/json.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run;
  std::vector<std::string> overrides;
  int64_t count = 512;
  DeviceKind device = DeviceKind::kCpu;
  bool json = false;
  bool distances = false;
  bool exact_ode = false;
  std::string features;
  int64_t features_pixels = 0;  // the network's own
  StatisticsFiles statistics;
};

void Print(const Metrics& metrics, bool as_json) {
  if (as_json) {
    std::cout << DumpJson({ObjectOf(metrics)}, /*indented=*/true) << "\n";
    return;
  }
  for (const auto& [name, value] : metrics) {
    std::cout << absl::StrFormat("%-34s %s\n", name,
                                 std::isfinite(value) ? absl::StrFormat("%.4f", value) : "-");
  }
}

// Puts the measures into the run folder, whose report shows them. Those of a checkpoint or of
// changed settings are not the run's; a folder of somebody else's may be closed.
void Keep(const Arguments& arguments, const Run& run, const Metrics& metrics, const Files& files) {
  if (!arguments.overrides.empty() || run.checkpoint == arguments.run) {
    return;
  }
  const absl::Status kept = WriteMetrics(JoinPath(arguments.run, kEval), metrics, files);
  if (!kept.ok()) {
    ShowError(absl::StrCat("the measures are not kept: ", kept.message()));
  }
}

// Loads the networks that were asked for; by default there are none.
absl::StatusOr<std::vector<FeatureNetwork>> Networks(const Arguments& arguments,
                                                     const Files& files) {
  std::vector<FeatureNetwork> networks;
  if (arguments.distances) {
    networks.push_back(RandomFeatures());
  }
  if (!arguments.features.empty()) {
    ASSIGN_OR_RETURN(networks.emplace_back(),
                     LoadFeatures(arguments.features, arguments.features_pixels, files));
  }
  return networks;
}

absl::Status RunEval(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Ranks ranks, OpenRanks());
  ASSIGN_OR_RETURN(const std::vector<FeatureNetwork> networks, Networks(arguments, Files()));
  RunRequest request{
      .path = arguments.run, .overrides = arguments.overrides, .device = arguments.device};
  if (!networks.empty()) {
    request.needs = {CheckGeneratesImages};
  }
  ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun(request));
  const auto& [run, files] = opened;
  EvaluateOptions options;
  options.count = arguments.count;
  options.exact_ode = arguments.exact_ode;
  options.on_progress = ShowShare;
  options.ranks = ranks;
  ASSIGN_OR_RETURN(Metrics metrics, Measure(run, files, options));
  if (!networks.empty()) {
    ASSIGN_OR_RETURN(const Metrics distances,
                     MeasureDistances(run, files, networks, options, arguments.statistics));
    metrics.insert(metrics.end(), distances.begin(), distances.end());
  }
  if (ranks.writes()) {
    Print(metrics, arguments.json);
    Keep(arguments, run, metrics, *files);
  }
  return absl::OkStatus();
}

void AddDistances(CLI::App& app, Arguments* arguments) {
  app.add_flag("--distances", arguments->distances,
               "Also measure seams, copies, and FID, KID, precision and recall under random64, a "
               "network of fixed random weights. They do not compare with published figures.");
  auto* features =
      app.add_option("--features", arguments->features,
                     "Measure those distances under this TorchScript file, which maps f32 "
                     "[N, 3, pixels, pixels] in [-1, 1] to [N, F]; one that takes "
                     "return_features gets 0 to 255, as the Inception of published figures does. "
                     "One of tessera judge also names classes.");
  app.add_option("--features-pixels", arguments->features_pixels,
                 "Give that network pictures of this side; by default 299, or their own to one "
                 "that takes return_features and resizes them itself.")
      ->check(AtLeast(1))
      ->needs(features);
  app.add_option("--against", arguments->statistics.against,
                 "Also measure FID to the mu and sigma of this .npz, as clean-fid, torch-fidelity "
                 "and ADM store them.")
      ->needs(features);
  app.add_option("--statistics", arguments->statistics.folder,
                 "Write mu and sigma of the true and of the drawn pictures into this folder, as "
                 ".npz.")
      ->needs(features);
}

}  // namespace

Command AddEval(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("run", arguments->run, "Measure this run or checkpoint folder.")->required();
  AddWords(app, "--set", &arguments->overrides, "Change a key of [generate], such as guidance=1.");
  app.add_option("--count", arguments->count,
                 "Take this many documents and pictures for each measure.")
      ->check(AtLeast(1));
  app.add_flag("--json", arguments->json, "Print a JSON object instead of a table.");
  app.add_flag("--exact-ode", arguments->exact_ode,
               "Also measure the likelihood of a head that denoises along its flow, which means "
               "something where small noise was trained, as with time_density = uniform.");
  AddDistances(app, arguments.get());
  AddDeviceOption(app, &arguments->device);
  app.footer(
      "A measure whose name begins with training_ takes documents that the run was trained on; "
      "all\n"
      "others take documents that it has not seen. Without --set the measures are kept in the "
      "run's\n"
      "eval.json, which tessera report and tessera compare show.\n"
      "Example: tessera eval runs/shapes --count 256");
  return [arguments] { return RunEval(*arguments); };
}

}  // namespace tessera
