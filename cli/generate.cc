#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/measure/gather_documents.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "cli/draw_list.h"
#include "cli/generated.h"
#include "cli/open_ranks.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/signals.h"
#include "config/status.h"
#include "infer/generator.h"
#include "run/picture_recipe.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run;
  PromptArguments prompt;
  std::vector<std::string> overrides;
  ListArguments list;
  std::string grid;
  std::string out = "generated";
  int64_t count = 1;
  int64_t batch = 16;
  uint64_t seed = 0;
  DeviceKind device = DeviceKind::kCpu;
};

// Makes the request, whose prompts and first index each batch fills in.
absl::StatusOr<GenerateRequest> RequestOf(const Arguments& arguments, const Run& run,
                                          const Document& prompt) {
  GenerateRequest request{.prompts = {}, .seed = arguments.seed};
  ASSIGN_OR_RETURN(request.until, UntilWhat(arguments.prompt, prompt));
  ASSIGN_OR_RETURN(request.grid, GridIndex("--grid", arguments.grid, run.layout.grids));
  if (request.until == Until::kImage || request.grid) {
    RETURN_IF_ERROR(CheckGeneratesImages(arguments.run, run));
  }
  RETURN_IF_ERROR(CheckPrompt(prompt, request.until, run.layout, run.tokenizer));
  return request;
}

struct Numbered {
  int64_t index;
  Document document;
};

// Generates this rank's documents in batches until they are there or a signal stops it.
std::vector<Numbered> GenerateShare(const Arguments& arguments, const Run& run,
                                    const Document& prompt, GenerateRequest request,
                                    const Ranks& ranks) {
  std::vector<Numbered> generated;
  const Ranks::Share share = ranks.ShareOf(arguments.count);
  request.first_index = share.first;
  request.amed = run.amed;
  const int64_t count = share.last - share.first;
  if (count <= arguments.batch) {  // how many steps there will be is not known
    request.on_step = [](int64_t steps) { ShowLine(absl::StrCat("step ", steps)); };
  }
  const std::atomic<bool>* stop = request.stop = ListenForStop();
  for (; request.first_index < share.last && !*stop; request.first_index += arguments.batch) {
    request.prompts.assign(std::min(arguments.batch, share.last - request.first_index), prompt);
    int64_t index = request.first_index;
    for (Document& document :
         Generate(*run.model, run.tokenizer, run.layout, run.config.generate, request)) {
      generated.push_back({index++, std::move(document)});
    }
    if (count > arguments.batch) {
      ShowShare("documents", static_cast<double>(index - share.first) / static_cast<double>(count));
    }
  }
  ShowLine("");
  return generated;
}

// The documents of all ranks.
Generated GenerateAll(const Arguments& arguments, const Run& run, Document prompt,
                      const GenerateRequest& request, const Ranks& ranks) {
  std::vector<int64_t> indices;
  std::vector<Document> documents;
  for (Numbered& mine : GenerateShare(arguments, run, prompt, request, ranks)) {
    indices.push_back(mine.index);
    documents.push_back(std::move(mine.document));
  }
  documents = GatherDocuments(std::move(documents), ranks);
  const Tensor index_N = ranks.Gather(torch::tensor(indices, torch::kLong));
  Generated generated{.prompt = std::move(prompt), .whole = {}, .after = {}, .recipes = {}};
  for (size_t i = 0; i < documents.size(); ++i) {
    const EngineRequest drawn{generated.prompt, run.config.generate,
                              request.until,    request.grid,
                              request.seed,     index_N[static_cast<int64_t>(i)].item<int64_t>()};
    AddGenerated(std::move(documents[i]), PictureRecipe(run, arguments.run, drawn), &generated);
  }
  return generated;
}

// The part of a part of the list that a rank draws.
absl::StatusOr<ListArguments> ShareOf(ListArguments list, const Ranks& ranks) {
  if (!list.npz.empty() && !ranks.alone()) {
    return absl::InvalidArgumentError(
        "--npz: one process writes the array, and a launcher has started several; call again for "
        "it alone when the pictures are there");
  }
  list.part += list.parts * ranks.rank();
  list.parts *= ranks.size();
  return list;
}

// Fails before the work if the folder cannot be written.
absl::Status MakeOut(const std::string& out, const Files& files) {
  RETURN_IF_ERROR(CheckOut(out, files));
  return files.MakeFolder(out);
}

std::string Settings(const Arguments& arguments, Until until, const GenerateConfig& config) {
  return absl::StrCat("# run ", arguments.run, ", --seed ", arguments.seed, ", --until ",
                      std::string(EnumName(until)),
                      arguments.grid.empty() ? "" : ", --grid " + arguments.grid, "\n",
                      ToToml(config));
}

absl::Status DrawListed(const Arguments& arguments, const OpenedRun& opened, const Ranks& ranks) {
  RETURN_IF_ERROR(CheckGeneratesImages(arguments.run, opened.run));
  ASSIGN_OR_RETURN(const ListArguments share, ShareOf(arguments.list, ranks));
  return DrawList(opened, share,
                  {.run = arguments.run,
                   .grid = arguments.grid,
                   .out = arguments.out,
                   .count = arguments.count,
                   .batch = arguments.batch,
                   .seed = static_cast<int64_t>(arguments.seed)});
}

absl::Status RunGenerate(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Ranks ranks, OpenRanks());
  ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun({.path = arguments.run,
                                                    .overrides = arguments.overrides,
                                                    .device = arguments.device,
                                                    .needs = {CheckHasModel}}));
  const Run& run = opened.run;
  const Files& files = *opened.files;
  if (!arguments.list.file.empty()) {
    return DrawListed(arguments, opened, ranks);
  }
  ASSIGN_OR_RETURN(Document prompt,
                   ReadPrompt(arguments.prompt, files, run.layout, run.config.data.max_pixels));
  ASSIGN_OR_RETURN(const GenerateRequest request, RequestOf(arguments, run, prompt));
  RETURN_IF_ERROR(ranks.Agree(ranks.writes() ? MakeOut(arguments.out, files) : absl::OkStatus()));
  const Generated generated = GenerateAll(arguments, run, std::move(prompt), request, ranks);
  if (generated.whole.empty()) {
    return stop_requested
               ? absl::CancelledError("stopped before the first document was whole")
               : absl::NotFoundError(
                     request.until == Until::kText
                         ? "every document ended at once: the model ended it or began a picture, "
                           "before which --until text ends; give it a prompt or another --until"
                         : "the model ended every document at once; give it a prompt");
  }
  if (!ranks.writes()) {
    return absl::OkStatus();
  }
  std::ranges::for_each(generated.after, PrintDocument);
  RETURN_IF_ERROR(WriteGenerated(generated, arguments.run,
                                 Settings(arguments, request.until, run.config.generate),
                                 arguments.out, files));
  Notes() << Counted(std::ssize(generated.whole), "document") << " in " << arguments.out << "\n";
  return stop_requested ? absl::CancelledError(
                              absl::StrFormat("stopped before all %d documents", arguments.count))
                        : absl::OkStatus();
}

std::string Keys() {
  std::string keys;
  for (const FieldInfo& field : ListFields(GenerateConfig())) {
    if (!field.type.empty()) {
      const bool choice = absl::StrContains(field.type, '|');
      absl::StrAppendFormat(&keys, "  %-22s %s%s\n", field.path, field.doc,
                            choice ? absl::StrCat("; ", field.type) : "");
    }
  }
  return keys;
}

void AddPrompt(CLI::App& app, PromptArguments* prompt) {
  CLI::Option* words =
      AddWords(app, "prompt", &prompt->words,
               absl::StrCat("Continue these texts and picture files, in order (", PictureRule(),
                            "); without any the model begins by itself."));
  app.add_option("--document", prompt->document, "Continue this JSON document.")->excludes(words);
  app.add_option("--until", prompt->until,
                 "End before the next picture (text), after it (image), or with the document "
                 "(end). The default is image after a text, text after a picture, and end for "
                 "--document.");
}

}  // namespace

Command AddGenerate(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("run", arguments->run, "Draw and write with this run or checkpoint folder.")
      ->required();
  AddPrompt(app, &arguments->prompt);
  AddListOptions(app, &arguments->list);
  for (const char* other : {"prompt", "--document", "--until"}) {
    app.get_option("--prompts")->excludes(app.get_option(other));
  }
  AddWords(app, "--set", &arguments->overrides, "Change a key of those below, key=value.");
  app.add_option("--grid", arguments->grid,
                 "Draw every picture in this grid of the model, rows x columns of patches, such as "
                 "4x4; without it the model chooses.");
  app.add_option("--out", arguments->out, "Write into this folder.")->capture_default_str();
  app.add_option("--count", arguments->count,
                 "Generate this many documents, or pictures of each of --prompts; Ctrl-C keeps "
                 "those that are there.")
      ->check(AtLeast(1))
      ->capture_default_str();
  app.add_option(
         "--batch", arguments->batch,
         "Generate this many at a time, which changes nothing but the speed and the memory.")
      ->check(Between(1, 4096))
      ->capture_default_str();
  app.add_option("--seed", arguments->seed, "Draw everything random with this seed.")
      ->check(AtLeast(0))
      ->capture_default_str();
  AddDeviceOption(app, &arguments->device);
  app.footer("Keys of --set, by default as the run's config.toml says in [generate]:\n" + Keys() +
             "Example: tessera generate runs/shapes 'a large red circle in the middle' "
             "--count 16 --set guidance=2 sampler.steps=20\n"
             "         tessera generate runs/shapes --prompts captions.txt --out drawn --npz "
             "drawn.npz");
  return [arguments] { return RunGenerate(*arguments); };
}

}  // namespace tessera
