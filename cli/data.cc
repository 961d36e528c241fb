#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analysis/report/data_stats.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/status.h"
#include "data/convert.h"
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
  std::string preview = "preview.png", stats = "stats.html", converted;
  std::string form = "documents";
  int64_t shown = 32, counted = 10000, shard = 1000;
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
  if (!absl::EndsWithIgnoreCase(arguments.preview, ".png")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--out '", arguments.preview, "': the picture is a PNG; end its name in .png"));
  }
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(const RunConfig config, ReadArguments(arguments, files));
  ASSIGN_OR_RETURN(auto dataset, OpenEvenIfEmpty(config, Split::kTrain, files));
  if (dataset->size() == 0) {
    ASSIGN_OR_RETURN(dataset, OpenEvenIfEmpty(config, Split::kTest, files));
  }
  ASSIGN_OR_RETURN(const DatasetPreview preview, PreviewDataset(*dataset, arguments.shown));
  for (const std::string& line : preview.lines) {
    std::cout << line << "\n";
  }
  Notes() << Remarks(dataset->Account());
  if (preview.lines.empty()) {
    return absl::NotFoundError("there is no document to show");
  }
  RETURN_IF_ERROR(files->Write(arguments.preview, EncodePng(preview.sheet)));
  Notes() << "pictures in " << arguments.preview << "\n";
  return absl::OkStatus();
}

// The sets of a config with pictures of files as large as they are.
absl::StatusOr<std::vector<SetToCount>> OpenSets(const RunConfig& config,
                                                 const std::shared_ptr<const Files>& files) {
  std::vector<SetToCount> sets;
  const std::vector<DataConfig> configs = config.data.Sets();
  for (size_t i = 0; i < configs.size(); ++i) {
    RunConfig one = config;
    one.data = configs[i];
    const auto open = [&](Split split) {
      return one.data.kind == DataKind::kShapes ? OpenEvenIfEmpty(one, split, files)
                                                : MakeDataset(one.data, split, 0, 0, files);
    };
    SetToCount set{.name = config.data.mixes() ? config.data.mix[i].name : ""};
    ASSIGN_OR_RETURN(set.train, open(Split::kTrain));
    ASSIGN_OR_RETURN(set.test, open(Split::kTest));
    sets.push_back(std::move(set));
  }
  return sets;
}

absl::Status Stats(const Arguments& arguments) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(const RunConfig config, ReadArguments(arguments, files));
  ASSIGN_OR_RETURN(const std::vector<SetToCount> sets, OpenSets(config, files));
  StatsOptions options{.count = arguments.counted};
  ASSIGN_OR_RETURN(options.grids, ParseGrids(config.model.grids));
  ASSIGN_OR_RETURN(const auto whole, OpenEvenIfEmpty(config, Split::kTrain, files));
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, GatherTexts(*whole, 100));
  std::optional<Tokenizer> tokenizer;
  if (!texts.empty() || !config.tokenizer.path.empty()) {
    ASSIGN_OR_RETURN(tokenizer, MakeTokenizer(config.tokenizer, *whole, *files));
    options.tokenizer = &*tokenizer;
  }
  options.on_progress = [](double share) { ShowShare("documents", share); };
  ASSIGN_OR_RETURN(const DataStats stats, CountDocuments(sets, options));
  if (stats.looked_at == 0) {
    return absl::NotFoundError("there is no document to count");
  }
  std::cout << ToString(stats);
  RETURN_IF_ERROR(files->Write(arguments.stats, DataStatsPage(stats, arguments.source)));
  Notes() << "page in " << arguments.stats << "\n";
  return absl::OkStatus();
}

absl::Status ConvertData(const Arguments& arguments) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(const RunConfig config, ReadArguments(arguments, files));
  if (config.data.mixes()) {
    return absl::InvalidArgumentError(
        "a mixture is not converted, since files hold no weights; name the folder of one set");
  }
  const auto form = EnumFromName<DataForm>(arguments.form);
  if (!form) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--form '", arguments.form, "' is not known; it is image_folder, documents or webdataset"));
  }
  ASSIGN_OR_RETURN(std::vector<SetToCount> sets, OpenSets(config, files));
  ASSIGN_OR_RETURN(const Converted converted,
                   Convert({{"train", sets[0].train}, {"test", sets[0].test}}, arguments.converted,
                           {.form = *form,
                            .shard = arguments.shard,
                            .on_progress = [](double share) { ShowShare("documents", share); }},
                           *files));
  std::cout << arguments.converted << ": " << Counted(converted.documents, "document") << " with "
            << Counted(converted.pictures, "picture") << " in " << Counted(converted.files, "file")
            << " (" << sets[0].train->size() << " to train on, " << sets[0].test->size()
            << " to test on); read it by data.kind=" << arguments.form << "\n";
  Notes() << Remarks(sets[0].train->Account());
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

CLI::App* AddStats(CLI::App& app, Arguments& arguments) {
  CLI::App* stats = app.add_subcommand(
      "stats", "Count lengths of texts, words, sizes and grids, as text and as a page of plots.");
  AddSource(*stats, arguments);
  stats->add_option("--out", arguments.stats, "Write this page, in HTML.");
  stats->add_option("--count", arguments.counted, "Look at this many documents of each split.")
      ->check(AtLeast(1));
  stats->footer("Example: tessera data stats photos model.grids=[8x8,6x10] --out stats.html");
  return stats;
}

void AddConvert(CLI::App& app, Arguments& arguments) {
  CLI::App* convert =
      app.add_subcommand("convert", "Write the documents into a folder, in another form of files.");
  AddSource(*convert, arguments);
  convert->add_option("--out", arguments.converted, "Write this folder.")->required();
  convert->add_option("--form", arguments.form,
                      "Write this form: documents, image_folder or webdataset.");
  convert->add_option("--shard", arguments.shard, "Put this many documents into each shard.")
      ->check(AtLeast(1));
  convert->footer("Example: tessera data convert photos --form webdataset --out shards");
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
  preview->add_option("--out", arguments->preview, "Write this picture, a PNG.");
  preview->add_option("--count", arguments->shown, "Show this many documents.")->check(AtLeast(1));
  preview->footer(
      "Example: tessera data preview recipes/shapes.toml --out preview.png\n"
      "         tessera data preview photos.tar");
  const CLI::App* stats = AddStats(app, *arguments);
  AddConvert(app, *arguments);
  app.footer("Example: tessera data check recipes/shapes.toml data.shapes.count=1000");
  return [arguments, check, preview, stats] {
    return check->parsed()     ? Check(*arguments)
           : preview->parsed() ? Preview(*arguments)
           : stats->parsed()   ? Stats(*arguments)
                               : ConvertData(*arguments);
  };
}

}  // namespace tessera
