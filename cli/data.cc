#include <CLI/CLI.hpp>
#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/image_io.h"
#include "data/inspect_dataset.h"
#include "train/run.h"

namespace tessera {
namespace {

struct Arguments {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string out = "preview.png";
  int64_t count = 32;
};

absl::StatusOr<std::unique_ptr<Dataset>> Open(const Arguments& arguments, Split split) {
  const auto files = std::make_shared<const Files>();
  RunConfig config;
  ASSIGN_OR_RETURN(const std::string toml, files->Read(arguments.recipe));
  RETURN_IF_ERROR(FromToml(toml, arguments.recipe, arguments.overrides, &config));
  return OpenDataset(config, split, files);
}

absl::Status Check(const Arguments& arguments) {
  std::set<std::string> problems;  // a row that cannot be read is one of both splits
  for (const auto& [split, name] : {std::pair(Split::kTrain, "train"), {Split::kTest, "test"}}) {
    ASSIGN_OR_RETURN(const auto dataset, Open(arguments, split));
    const DatasetSummary summary = CheckDataset(*dataset);
    std::cout << "[" << name << "]\n" << ToString(summary);
    problems.insert(summary.problems.begin(), summary.problems.end());
    if (split == Split::kTest && summary.documents == 0) {
      std::cout << "nothing is held out: set train.evaluate_every=0, or raise data.test_share\n";
    }
  }
  return problems.empty() ? absl::OkStatus()
                          : absl::InvalidArgumentError(
                                absl::StrCat(problems.size(), " documents cannot be used"));
}

absl::Status Preview(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const auto dataset, Open(arguments, Split::kTrain));
  ASSIGN_OR_RETURN(const DatasetPreview preview, PreviewDataset(*dataset, arguments.count));
  for (const std::string& line : preview.lines) {
    std::cout << line << "\n";
  }
  const Files files;
  RETURN_IF_ERROR(files.Write(arguments.out, EncodePng(preview.sheet)));
  std::cout << "pictures in " << arguments.out << "\n";
  return absl::OkStatus();
}

void AddRecipe(CLI::App& app, Arguments& arguments) {
  app.add_option("recipe", arguments.recipe, "a recipe, whose [data] counts")->required();
  app.add_option("overrides", arguments.overrides, "path=value: keys of the recipe to change");
}

}  // namespace

Command AddData(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.require_subcommand(1);
  CLI::App* check = app.add_subcommand(
      "check", "read every document of the train and test splits; list what is wrong");
  AddRecipe(*check, *arguments);
  check->footer("Example: tessera data check recipes/sprites.toml data.on_error=skip");
  CLI::App* preview = app.add_subcommand("preview", "the first documents as one picture");
  AddRecipe(*preview, *arguments);
  preview->add_option("--out", arguments->out, "the picture to write");
  preview->add_option("--count", arguments->count, "documents to show")->check(AtLeast(1));
  preview->footer("Example: tessera data preview recipes/shapes.toml --out preview.png");
  app.footer("Example: tessera data check recipes/shapes.toml data.shapes.count=1000");
  return [arguments, check] { return check->parsed() ? Check(*arguments) : Preview(*arguments); };
}

}  // namespace tessera
