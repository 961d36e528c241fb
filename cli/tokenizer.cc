#include "data/text/tokenizer.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/streams.h"
#include "config/status.h"
#include "data/text/text_check.h"
#include "run/make_tokenizer.h"
#include "run/recipe.h"
#include "run/run.h"

namespace tessera {
namespace {

struct Arguments {
  std::string source;  // recipe or text file
  std::vector<std::string> overrides;
  std::string out = "tokenizer.model";
  std::string model;  // .model file, run or checkpoint
  std::string text;
  std::vector<std::string> ids;
};

absl::Status CheckUtf8(const std::string& text, const std::string& name) {
  const std::optional<int64_t> at = FirstInvalidUtf8(text);
  return at ? absl::InvalidArgumentError(absl::StrCat(name, " is invalid UTF-8 at byte ", *at))
            : absl::OkStatus();
}

// Returns the text of a file whose bytes these are. An error names the file.
absl::StatusOr<std::string_view> TextOf(const std::string& bytes, const std::string& path) {
  const std::string name = absl::StrCat("'", path, "'");
  const absl::StatusOr<std::string_view> text = TextOfFile(bytes);
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", text.status().message()));
  }
  RETURN_IF_ERROR(CheckUtf8(bytes, name));
  return text;
}

// Trains on the texts of a recipe's data set, or on a text file, which is a list of lines.
absl::Status Train(const Arguments& arguments) {
  const auto files = std::make_shared<const Files>();
  const bool recipe = arguments.source.ends_with(".toml");
  ASSIGN_OR_RETURN(const std::string source,
                   recipe ? ReadRecipe(arguments.source, *files) : files->Read(arguments.source));
  RunConfig config;
  RETURN_IF_ERROR(FromRecipe(recipe ? source : "", arguments.source, arguments.overrides, &config));
  if (!config.tokenizer.path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokenizer.path = \"", config.tokenizer.path,
                     "\" is a tokenizer already; give tokenizer.path='\"\"' to train one"));
  }
  ASSIGN_OR_RETURN(const std::string_view text, TextOf(source, arguments.source));
  std::vector<std::string> texts = {std::string(text)};
  if (recipe) {
    ASSIGN_OR_RETURN(const auto dataset, OpenDataset(config, Split::kTrain, files));
    ASSIGN_OR_RETURN(texts, GatherTexts(*dataset, config.tokenizer.documents));
  }
  ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Train(texts, config.tokenizer));
  RETURN_IF_ERROR(files->Write(arguments.out, tokenizer.Serialized()));
  Notes() << tokenizer.size() << " pieces in " << arguments.out << "\n";
  return absl::OkStatus();
}

// Loads a .model file, or that of a run folder (its best checkpoint) or checkpoint folder.
absl::StatusOr<Tokenizer> Load(const std::string& path) {
  const Files files;
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(path));
  if (kind != PathKind::kFolder) {
    return ReadTokenizer(path, files);
  }
  ASSIGN_OR_RETURN(const std::string checkpoint, FindCheckpoint(path, files));
  ASSIGN_OR_RETURN(const std::string file, TokenizerIn(checkpoint, files));
  return ReadTokenizer(file, files);
}

absl::Status Encode(const Arguments& arguments, bool from_input) {
  ASSIGN_OR_RETURN(const Tokenizer tokenizer, Load(arguments.model));
  ASSIGN_OR_RETURN(const std::string text,
                   from_input ? ReadInput() : absl::StatusOr<std::string>(arguments.text));
  RETURN_IF_ERROR(CheckUtf8(text, "the text"));
  std::cout << absl::StrJoin(tokenizer.Encode(text), " ") << "\n";
  return absl::OkStatus();
}

// Prints a line end after the text if the ids come from the command line. If they come from the
// input, it prints the text alone, so that `encode | decode` gives back every byte.
absl::Status Decode(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Tokenizer tokenizer, Load(arguments.model));
  std::vector<std::string> words = arguments.ids;
  if (words.empty()) {
    ASSIGN_OR_RETURN(const std::string input, ReadInput());
    words = absl::StrSplit(input, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
  }
  std::vector<int64_t> ids;
  for (const std::string& word : words) {
    int64_t id = 0;
    if (!absl::SimpleAtoi(word, &id) || id < 0 || id >= tokenizer.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", word, "' is no id of this tokenizer: they are 0 to ", tokenizer.size() - 1));
    }
    ids.push_back(id);
  }
  std::cout << tokenizer.Decode(ids) << (arguments.ids.empty() ? "" : "\n");
  return absl::OkStatus();
}

void AddModel(CLI::App& app, Arguments& arguments) {
  app.add_option("model", arguments.model,
                 "Use this .model file, or the one of this run or checkpoint folder.")
      ->required();
}

CLI::App* AddTrain(CLI::App& app, Arguments& arguments) {
  CLI::App* train = app.add_subcommand("train", "Train a sentencepiece .model file.");
  train
      ->add_option("source", arguments.source,
                   "Train on the data set of this recipe (.toml), or on this file of text.")
      ->required();
  AddWords(*train, "overrides", &arguments.overrides,
           "Change keys of the recipe, path=value, such as tokenizer.size=300.");
  train->add_option("--out", arguments.out, "Write this file; by default tokenizer.model.");
  train->footer(
      "Example: tessera tokenizer train recipes/shapes.toml tokenizer.size=300 --out a.model\n"
      "Example: tessera tokenizer train book.txt tokenizer.kind=unigram --out book.model");
  return train;
}

}  // namespace

Command AddTokenizer(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.require_subcommand(1);
  CLI::App* train = AddTrain(app, *arguments);
  CLI::App* encode = app.add_subcommand("encode", "Turn a text into ids.");
  AddModel(*encode, *arguments);
  CLI::Option* text = encode->add_option(
      "text", arguments->text, "Encode this text; without it, all of the input is one text.");
  encode->footer("Example: tessera tokenizer encode runs/shapes 'a large red circle'");
  CLI::App* decode = app.add_subcommand("decode", "Turn ids into a text.");
  AddModel(*decode, *arguments);
  AddWords(*decode, "id", &arguments->ids,
           "Decode these ids; without them, they are read from the input.");
  decode->footer(
      "Example: tessera tokenizer decode runs/shapes 261 270 268\n"
      "Example: tessera tokenizer encode a.model <a.txt | tessera tokenizer decode a.model");
  app.footer("Example: tessera tokenizer encode runs/shapes 'a large red circle'");
  return [=] {
    if (train->parsed()) {
      return Train(*arguments);
    }
    return encode->parsed() ? Encode(*arguments, text->count() == 0) : Decode(*arguments);
  };
}

}  // namespace tessera
