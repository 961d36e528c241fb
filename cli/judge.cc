#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "absl/strings/str_format.h"
#include "analysis/measure/class_network.h"
#include "analysis/measure/features.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/status.h"
#include "run/recipe.h"
#include "run/run.h"
#include "sequence/grids.h"

namespace tessera {
namespace {

struct Arguments {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string out = "judge.pt";
  int64_t epochs = 8;
};

absl::StatusOr<std::vector<CaptionedPicture>> PicturesOf(
    const RunConfig& config, Split split, const std::shared_ptr<const Files>& files) {
  ASSIGN_OR_RETURN(const auto dataset, OpenEvenIfEmpty(config, split, files));
  return CaptionedPictures(*dataset, dataset->size());
}

absl::Status RunJudge(const Arguments& arguments) {
  const auto files = std::make_shared<const Files>();
  RunConfig config;
  ASSIGN_OR_RETURN(const std::string toml, ReadRecipe(arguments.recipe, *files));
  RETURN_IF_ERROR(FromRecipe(toml, arguments.recipe, arguments.overrides, &config));
  ASSIGN_OR_RETURN(const std::vector<PatchGrid> grids, ParseGrids(config.model.grids));
  ASSIGN_OR_RETURN(const auto training, PicturesOf(config, Split::kTrain, files));
  ClassNetworkOptions options{.epochs = arguments.epochs, .on_progress = ShowShare};
  options.pixels = std::max(grids[0].rows, grids[0].cols) * config.model.patch;
  ASSIGN_OR_RETURN(const std::string network, TrainClassNetwork(training, options));
  RETURN_IF_ERROR(files->Write(arguments.out, network));
  ASSIGN_OR_RETURN(const auto test, PicturesOf(config, Split::kTest, files));
  if (!test.empty()) {
    ASSIGN_OR_RETURN(const FeatureNetwork judge, LoadFeatures(arguments.out, 0, *files));
    std::cout << absl::StrFormat("%.3f of %d test pictures are recognised\n",
                                 ShareRecognised(judge, test), test.size());
  }
  Notes() << "the judge is in " << arguments.out << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddJudge(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("recipe", arguments->recipe, "Take the data set and the pictures' size of this.")
      ->required();
  AddWords(app, "overrides", &arguments->overrides, "Change keys of the recipe, path=value.");
  app.add_option("--out", arguments->out, "Write this file; by default judge.pt.");
  app.add_option("--epochs", arguments->epochs, "Show it each training picture so many times.")
      ->check(AtLeast(1));
  app.footer(
      "Trains a small network to name the class of a picture, where captions are few, and writes "
      "it\n"
      "as TorchScript: all runs of the data set that are measured by it can be compared.\n"
      "Example: tessera judge recipes/digits.toml --out judge.pt\n"
      "         tessera eval runs/digits --features judge.pt --count 2000");
  return [arguments] { return RunJudge(*arguments); };
}

}  // namespace tessera
