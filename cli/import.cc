#include <CLI/CLI.hpp>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/open_run.h"
#include "cli/output.h"
#include "config/status.h"
#include "run/import_llama.h"

namespace tessera {
namespace {

struct Arguments {
  std::string folder;
  std::string adapter;
  std::vector<std::string> overrides;
  std::string out;
};

absl::Status ImportHf(const Arguments& arguments) {
  const Files files;
  RETURN_IF_ERROR(CheckNoRun(arguments.out, files));
  ASSIGN_OR_RETURN(const Run run,
                   ImportLlama(arguments.folder, arguments.overrides, files, arguments.adapter));
  RETURN_IF_ERROR(SaveNewRun(run, arguments.out, files));
  Notes() << "imported: " << arguments.out << "\n";
  return absl::OkStatus();
}

}  // namespace

Command AddImport(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.require_subcommand(1);
  CLI::App* hf = app.add_subcommand(
      "hf", "Take the text side from a folder of Hugging Face: Llama, Mistral, Qwen2 or Qwen3.");
  hf->add_option("folder", arguments->folder,
                 "Read config.json, model.safetensors or its shards, and the tokenizer from here.")
      ->required();
  AddWords(*hf, "overrides", &arguments->overrides,
           "Choose the picture side and all else, path=value, such as model.patch=16.");
  hf->add_option("--adapter", arguments->adapter,
                 "Make this folder of an adapter, as PEFT saves it, part of the weights.");
  hf->add_option("--out", arguments->out, "Write the run into this folder.")->required();
  constexpr char kExample[] =
      "Example: tessera import hf SmolLM2-135M model.patch=16 --out runs/smol\n"
      "         tessera train mine.toml --from runs/smol --out runs/mine";
  hf->footer(kExample);
  app.footer(kExample);
  return [arguments] { return ImportHf(*arguments); };
}

}  // namespace tessera
