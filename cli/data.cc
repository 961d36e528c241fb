#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/status.h"
#include "data/bad_data.h"
#include "data/image/image_io.h"
#include "data/inspect_dataset.h"
#include "run/recipe.h"
#include "run/run.h"

namespace tessera {
namespace {

struct Arguments {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string out = "preview.png";
  int64_t count = 32;
};

absl::StatusOr<RunConfig> ReadArguments(const Arguments& arguments) {
  RunConfig config;
  ASSIGN_OR_RETURN(const std::string toml, ReadRecipe(arguments.recipe, Files()));
  RETURN_IF_ERROR(FromRecipe(toml, arguments.recipe, arguments.overrides, &config));
  return config;
}

absl::Status Check(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const RunConfig config, ReadArguments(arguments));
  const auto files = std::make_shared<const Files>();
  std::vector<std::string> problems;
  for (const auto& [split, name] : {std::pair(Split::kTrain, "train"), {Split::kTest, "test"}}) {
    ASSIGN_OR_RETURN(const auto dataset, OpenDataset(config, split, files));
    const DatasetSummary summary = CheckDataset(*dataset);
    std::cout << "[" << name << "]\n" << ToString(summary);
    problems = JoinProblems(std::move(problems), summary.problems);
    if (split == Split::kTest && summary.documents == 0) {
      std::cout << "nothing is held out: set train.evaluate_every=0, or raise data.test_share\n";
    }
  }
  if (problems.empty()) {
    return absl::OkStatus();
  }
  const std::string unusable = Counted(std::ssize(problems), "document");
  if (config.data.on_error == OnError::kSkip) {
    std::cout << unusable << " left out of training, as data.on_error=skip says\n";
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(unusable, " cannot be used; data.on_error=skip trains without"));
}

absl::Status Preview(const Arguments& arguments) {
  if (!absl::EndsWithIgnoreCase(arguments.out, ".png")) {
    return absl::InvalidArgumentError(
        absl::StrCat("--out '", arguments.out, "': the picture is a PNG; end its name in .png"));
  }
  ASSIGN_OR_RETURN(const RunConfig config, ReadArguments(arguments));
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(const auto dataset, OpenDataset(config, Split::kTrain, files));
  ASSIGN_OR_RETURN(const DatasetPreview preview, PreviewDataset(*dataset, arguments.count));
  for (const std::string& line : preview.lines) {
    std::cout << line << "\n";
  }
  RETURN_IF_ERROR(files->Write(arguments.out, EncodePng(preview.sheet)));
  Notes() << "pictures in " << arguments.out << "\n";
  return absl::OkStatus();
}

void AddRecipe(CLI::App& app, Arguments& arguments) {
  app.add_option("recipe", arguments.recipe,
                 "Read the data set that [data] of this recipe describes.")
      ->required();
  AddWords(app, "overrides", &arguments.overrides, "Change keys of the recipe, path=value.");
}

}  // namespace

Command AddData(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.require_subcommand(1);
  CLI::App* check = app.add_subcommand(
      "check", "Read every document of the train and test splits and list what is wrong.");
  AddRecipe(*check, *arguments);
  check->footer("Example: tessera data check recipes/sprites.toml data.on_error=skip");
  CLI::App* preview = app.add_subcommand("preview", "Show the first documents as one picture.");
  AddRecipe(*preview, *arguments);
  preview->add_option("--out", arguments->out, "Write this picture, a PNG.");
  preview->add_option("--count", arguments->count, "Show this many documents.")->check(AtLeast(1));
  preview->footer("Example: tessera data preview recipes/shapes.toml --out preview.png");
  app.footer("Example: tessera data check recipes/shapes.toml data.shapes.count=1000");
  return [arguments, check] { return check->parsed() ? Check(*arguments) : Preview(*arguments); };
}

}  // namespace tessera
