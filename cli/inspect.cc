#include <ATen/Functions.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/loader.h"
#include "train/run.h"

namespace tessera {
namespace {

// Pixels of a test batch, recovered from what the first layer reads: how many of the 8-bit codes
// are wrong.
absl::StatusOr<std::pair<int64_t, int64_t>> WrongCodes(const Run& run) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> dataset,
                   OpenDataset(run.config, Split::kTrain, files));
  DataConfig data = run.config.data;
  data.threads = 0;
  ASSIGN_OR_RETURN(const Batch batch, MakeBatch({dataset, run.tokenizer, run.layout, data}, 0));
  const PatchEmbedder& embedder = run.model->patch_embedder();
  const Tensor back_PD = embedder.Recover(embedder.Embed(batch.patch_PD));
  const auto code = [](const Tensor& x) { return at::round((x + 1) * 127.5).to(torch::kLong); };
  return std::pair((code(back_PD) != code(batch.patch_PD)).sum().item<int64_t>(),
                   batch.patch_PD.numel());
}

// How a parameter came to its values.
std::string_view Note(const Run& run, const Tensor& parameter) {
  if (!run.adapters.empty()) {
    return parameter.requires_grad() ? "base + adapter" : "base";
  }
  return parameter.requires_grad() ? "" : "frozen";
}

// The parameters' names and shapes; how many numbers there are, and how many of them were trained.
void PrintParameters(const Run& run) {
  int64_t total = 0, trained = 0;
  const auto print = [&](const std::string& name, const Tensor& tensor, std::string_view note) {
    std::string shape;
    for (const int64_t size : tensor.sizes()) {
      shape += (shape.empty() ? "" : " x ") + std::to_string(size);
    }
    std::cout << absl::StrFormat(note.empty() ? "%-64s %s%s\n" : "%-64s %-14s %s\n", name, shape,
                                 note);
  };
  std::cout << "\n# parameters\n";
  for (const auto& [name, tensor] : Parameters(*run.model)) {
    print(name, tensor, Note(run, tensor));
    total += tensor.numel();
    trained += run.adapters.empty() && tensor.requires_grad() ? tensor.numel() : 0;
  }
  if (!run.adapters.empty()) {
    std::cout << "\n# adapters, already part of the parameters\n";
  }
  for (const auto& [name, tensor] : run.adapters.Parameters()) {
    print(name, tensor, "");
    trained += tensor.numel();
  }
  std::cout << absl::StrFormat("%d parameters\n", total);
  if (trained != total) {
    std::cout << absl::StrFormat("%d trained\n", trained);
  }
}

absl::Status RunInspect(const std::string& path) {
  torch::NoGradGuard no_grad;
  const Files files;
  ASSIGN_OR_RETURN(const Run run, LoadRun(path, files));
  std::cout << ToToml(run.config);
  PrintParameters(run);
  const Tensor weight = run.model->patch_embedder().weight().to(torch::kFloat64);
  const Tensor singular = at::linalg_svdvals(weight);
  ASSIGN_OR_RETURN(const auto codes, WrongCodes(run));
  std::cout << absl::StrFormat(
      "\n# is the input lossless?\npatch embedding: rank %d of %d, singular values "
      "%.4g to %.4g\npixels recovered from its output: %d of %d codes wrong\n",
      at::linalg_matrix_rank(weight).item<int64_t>(), run.model->patch_dim(),
      singular.min().item<double>(), singular.max().item<double>(), codes.first, codes.second);
  return absl::OkStatus();
}

}  // namespace

Command AddInspect(CLI::App& app) {
  auto run = std::make_shared<std::string>();
  app.add_option("run", *run, "a run or checkpoint folder")->required();
  app.footer("Example: tessera inspect runs/shapes");
  return [run] { return RunInspect(*run); };
}

}  // namespace tessera
