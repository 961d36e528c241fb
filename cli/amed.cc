#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analysis/lab/amed_fit.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "config/status.h"
#include "run/amed_file.h"
#include "run/fitting_split.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run;
  int64_t evaluations = 5;
  std::vector<std::string> overrides;
  DeviceKind device = DeviceKind::kCpu;
};

// This level is far from where a small sigma divides the error of the predicted patch; a last look
// ends the curve there.
constexpr double kSigmaMin = .2;

// A step takes two evaluations and the last look one; an even number is reached without the first.
absl::StatusOr<AmedSettings> SettingsOf(const Arguments& arguments, const RunConfig& config) {
  AmedSettings settings{.amed = {}, .generate = config.generate};
  const SamplerConfig& base = config.generate.sampler;
  settings.generate.sampler = {.kind = SamplerKind::kAmed,
                               .steps = arguments.evaluations / 2,
                               .sigma_min = kSigmaMin,
                               .analytic_first = arguments.evaluations % 2 == 0,
                               .last_look = true,
                               .temperature = base.temperature,
                               .clip = base.clip};
  RETURN_IF_ERROR(ApplyOverrides(arguments.overrides, &settings));
  const SamplerConfig& sampler = settings.generate.sampler;
  if (sampler.kind != SamplerKind::kAmed || Evaluations(sampler) != arguments.evaluations) {
    return absl::InvalidArgumentError(
        "--set: the sampler is amed, and --evaluations says how many steps it has");
  }
  const std::string problem = GenerateProblem(config.model, settings.generate);
  return problem.empty()
             ? absl::StatusOr<AmedSettings>(settings)
             : absl::StatusOr<AmedSettings>(SetError(absl::FailedPreconditionError(problem)));
}

absl::Status RunAmed(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun({.path = arguments.run,
                                                    .device = arguments.device,
                                                    .needs = {CheckGeneratesImages}}));
  const auto& [run, files] = opened;
  ASSIGN_OR_RETURN(const AmedSettings settings, SettingsOf(arguments, run.config));
  ASSIGN_OR_RETURN(const auto dataset, OpenFittingPart(run, Split::kTrain, files));
  ASSIGN_OR_RETURN(const AmedFit fit, FitAmed(run, *dataset, settings, ShowShare));
  RETURN_IF_ERROR(SaveAmed(run.checkpoint, settings, *fit.predictor, *files));
  Notes() << "squared distance to the teacher by step: "
          << absl::StrJoin(fit.distances, ", ",
                           [](std::string* out, double distance) {
                             absl::StrAppend(out, absl::StrFormat("%.5f", distance));
                           })
          << "\nfitted in " << run.checkpoint << "; use it with --set "
          << Overrides(run.config.generate, settings.generate) << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddAmed(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("run", arguments->run,
                 "Fit a predictor for this run or checkpoint folder, and store it there.")
      ->required();
  app.add_option("--evaluations", arguments->evaluations,
                 "Let the sampler evaluate the head's network this many times a patch.")
      ->check(CLI::Range(3, 2000));
  AddWords(app, "--set", &arguments->overrides,
           "Change a key of [amed], which says how to fit, or of [generate], which says for "
           "what: amed.patches=20000, generate.guidance=1.");
  AddDeviceOption(app, &arguments->device);
  app.footer(
      "Teaches a small network to draw patches in few steps, under the guidance of the run.\n"
      "The command ends with the words that select it in eval, generate and probe.\n"
      "Example: tessera amed runs/shapes --evaluations 5");
  return [arguments] { return RunAmed(*arguments); };
}

}  // namespace tessera
