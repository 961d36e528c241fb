#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "config/status.h"
#include "config/toml.h"
#include "study/sample_sheet.h"
#include "train/trainer.h"

namespace tessera {
namespace {

std::atomic<bool> stop_requested = false;  // the one thing that a signal handler may touch

struct Arguments {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string out;
  bool resume = false;
};

// "runs/" and the recipe's name without its folder and ending.
std::string DefaultOut(const std::string& recipe) {
  const size_t slash = recipe.rfind('/');
  const std::string name = slash == std::string::npos ? recipe : recipe.substr(slash + 1);
  return "runs/" + name.substr(0, name.rfind('.'));
}

void Show(const TrainReport& report) {
  const double left = report.progress > 0 ? report.minutes / report.progress - report.minutes : 0;
  const bool terminal = isatty(STDOUT_FILENO);
  std::cout << (terminal ? "\r\033[K" : "")
            << absl::StrFormat(
                   "step %6d  %3.0f%%  text %.3f  image %.4f  gradient %.2f  %5.0f tokens/s  "
                   "%.1f min left",
                   report.step, 100 * report.progress, report.text_loss, report.image_loss,
                   report.gradient_norm, report.tokens_per_second, left)
            << (terminal ? "" : "\n") << std::flush;
}

absl::Status RunTrain(const Arguments& arguments) {
  auto files = std::make_shared<const Files>();
  const std::string out = arguments.out.empty() ? DefaultOut(arguments.recipe) : arguments.out;
  RunConfig config;
  ASSIGN_OR_RETURN(const std::string toml, files->Read(arguments.recipe));
  RETURN_IF_ERROR(FromToml(toml, arguments.recipe, arguments.overrides, &config));
  files = std::make_shared<const Files>(config.data.retry);
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int) { stop_requested = true; });
  }
  TrainHooks hooks;
  hooks.on_report = Show;
  hooks.on_sample = [&](const Run& run, int64_t step) {
    return WriteSampleSheet(run, step, out, files);
  };
  hooks.stop = &stop_requested;
  RETURN_IF_ERROR(Train(config, out, arguments.resume, files, hooks));
  std::cout << "\n"
            << (stop_requested ? "stopped; continue with --resume: " : "trained: ") << out << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddTrain(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("recipe", arguments->recipe, "a recipe (.toml)")->required();
  app.add_option("path=value", arguments->overrides, "keys of the recipe to change");
  app.add_option("--out", arguments->out, "folder of the run; default runs/<recipe>");
  app.add_flag("--resume", arguments->resume, "continue the last checkpoint");
  app.footer("Example: tessera train recipes/shapes.toml train.minutes=3 --out runs/quick");
  return [arguments] { return RunTrain(*arguments); };
}

}  // namespace tessera
