#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "data/inspect_dataset.h"
#include "data/make_dataset.h"
#include "data/shards.h"
#include "files/json.h"
#include "run/make_tokenizer.h"
#include "run/recipe.h"
#include "run/run.h"
#include "sequence/fit.h"

namespace tessera {
namespace {

struct Arguments {
  std::string source;
  std::vector<std::string> overrides;
  std::string out = "preview.png";
  int64_t count = 32;
};

// A folder, a file that is no recipe, or a pattern of shards is a data set of its own, all of it to
// train on.
absl::StatusOr<bool> IsData(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(path));
  return kind == PathKind::kFolder || (kind == PathKind::kNone && IsPattern(path)) ||
         (kind == PathKind::kFile && !absl::EndsWithIgnoreCase(path, ".toml"));
}

absl::StatusOr<RunConfig> ReadArguments(const Arguments& arguments,
                                        const std::shared_ptr<const Files>& files) {
  RunConfig config;
  ASSIGN_OR_RETURN(const bool is_data, IsData(arguments.source, *files));
  std::string toml;
  if (is_data) {
    ASSIGN_OR_RETURN(const DataKind kind, KindOfData(arguments.source, files));
    toml = absl::StrCat("[data]\nkind = \"", std::string(EnumName(kind)),
                        "\"\ntest_share = 0\npath = ", DumpJson({arguments.source}));
  } else {
    ASSIGN_OR_RETURN(toml, ReadRecipe(arguments.source, *files));
  }
  RETURN_IF_ERROR(FromRecipe(toml, arguments.source, arguments.overrides, &config));
  return config;
}

struct OpenedSplits {
  std::shared_ptr<const Dataset> train, test;
};

// Finds what does not fit a row, with the tokenizer that training would have.
absl::Status AddTooLong(const RunConfig& config, const OpenedSplits& splits, const Files& files,
                        DataAccount* account) {
  const auto& [train, test] = splits;
  if (train->size() == 0 || config.model.autoencoder.trained()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Tokenizer tokenizer, MakeTokenizer(config.tokenizer, *train, files));
  ASSIGN_OR_RETURN(const LayoutSpec layout, LayoutOf(config, tokenizer));
  const DataConfig& data = config.data;
  ASSIGN_OR_RETURN(account->too_long, FindTooLong(*train, data, layout, tokenizer));
  ASSIGN_OR_RETURN(account->test_too_long, FindTooLong(*test, data, layout, tokenizer));
  RETURN_IF_ERROR(ToRead(train, Split::kTrain, data.too_long, &account->too_long).status());
  return ToRead(test, Split::kTest, data.too_long, &account->test_too_long).status();
}

// What bad documents mean for training.
absl::Status Verdict(const DataAccount& account, OnError on_error) {
  if (account.documents + account.test_documents + std::ssize(account.bad) == 0) {
    return absl::NotFoundError("there is no document; the files that are there were passed over");
  }
  if (account.bad.empty()) {
    return absl::OkStatus();
  }
  const std::string unusable = Counted(std::ssize(account.bad), "document");
  if (on_error == OnError::kSkip) {
    std::cout << unusable << " left out of training, as data.on_error=skip says\n";
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(unusable, " cannot be used; data.on_error=skip trains without"));
}

absl::Status Check(const Arguments& arguments) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(RunConfig config, ReadArguments(arguments, files));
  const OnError on_error = config.data.on_error;
  const bool is_recipe = absl::EndsWithIgnoreCase(arguments.source, ".toml");
  config.data.on_error = OnError::kSkip;  // so that all bad documents are listed
  OpenedSplits splits;
  ASSIGN_OR_RETURN(splits.train, OpenEvenIfEmpty(config, Split::kTrain, files));
  ASSIGN_OR_RETURN(splits.test, OpenEvenIfEmpty(config, Split::kTest, files));
  DataAccount account = CheckDataset(*splits.train);
  account.AddTest(CheckDataset(*splits.test));
  const absl::Status fits = AddTooLong(config, splits, *files, &account);
  std::cout << ToString(account);
  if (account.documents == 0) {
    std::cout << "nothing is to be trained on\n";
  } else if (account.test_documents == 0 && is_recipe && config.train.evaluate_every > 0) {
    std::cout << "nothing is held out: set train.evaluate_every=0, or raise data.test_share\n";
  }
  RETURN_IF_ERROR(Verdict(account, on_error));
  return fits;
}

absl::Status Preview(const Arguments& arguments) {
  if (!absl::EndsWithIgnoreCase(arguments.out, ".png")) {
    return absl::InvalidArgumentError(
        absl::StrCat("--out '", arguments.out, "': the picture is a PNG; end its name in .png"));
  }
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(const RunConfig config, ReadArguments(arguments, files));
  ASSIGN_OR_RETURN(auto dataset, OpenEvenIfEmpty(config, Split::kTrain, files));
  if (dataset->size() == 0) {
    ASSIGN_OR_RETURN(dataset, OpenEvenIfEmpty(config, Split::kTest, files));
  }
  ASSIGN_OR_RETURN(const DatasetPreview preview, PreviewDataset(*dataset, arguments.count));
  for (const std::string& line : preview.lines) {
    std::cout << line << "\n";
  }
  Notes() << Remarks(dataset->Account());
  if (preview.lines.empty()) {
    return absl::NotFoundError("there is no document to show");
  }
  RETURN_IF_ERROR(files->Write(arguments.out, EncodePng(preview.sheet)));
  Notes() << "pictures in " << arguments.out << "\n";
  return absl::OkStatus();
}

void AddSource(CLI::App& app, Arguments& arguments) {
  app.add_option("source", arguments.source,
                 "Read the data set that [data] of this recipe (.toml) describes, or this folder, "
                 "archive, picture, .parquet or pattern of shards.")
      ->required();
  AddWords(app, "overrides", &arguments.overrides,
           "Change keys of the recipe, or of the default one, path=value.");
}

}  // namespace

Command AddData(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.require_subcommand(1);
  CLI::App* check = app.add_subcommand(
      "check",
      "Read every document and tell what is there, what is passed over and what is wrong.");
  AddSource(*check, *arguments);
  check->footer(
      "Example: tessera data check recipes/sprites.toml data.on_error=skip\n"
      "         tessera data check photos train.row_length=512");
  CLI::App* preview = app.add_subcommand("preview", "Show the first documents as one picture.");
  AddSource(*preview, *arguments);
  preview->add_option("--out", arguments->out, "Write this picture, a PNG.");
  preview->add_option("--count", arguments->count, "Show this many documents.")->check(AtLeast(1));
  preview->footer(
      "Example: tessera data preview recipes/shapes.toml --out preview.png\n"
      "         tessera data preview photos.tar");
  app.footer("Example: tessera data check recipes/shapes.toml data.shapes.count=1000");
  return [arguments, check] { return check->parsed() ? Check(*arguments) : Preview(*arguments); };
}

}  // namespace tessera
