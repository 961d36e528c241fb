#include "run/run.h"

#include <torch/cuda.h>
#include <torch/utils.h>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/make_dataset.h"
#include "data/pictures_alone.h"
#include "files/json.h"
#include "ops/first_values.h"
#include "ops/random.h"
#include "run/base_hash.h"
#include "run/base_run.h"
#include "run/make_tokenizer.h"

namespace tessera {
namespace {

absl::Status Freeze(const std::vector<std::string>& patterns, const NamedTensors& parameters) {
  ASSIGN_OR_RETURN(const NamedTensors frozen,
                   SelectByName(parameters, patterns, "train.freeze: no parameter"));
  if (frozen.size() == parameters.size()) {
    return absl::InvalidArgumentError("train.freeze names every parameter: nothing would learn");
  }
  for (const auto& [name, parameter] : frozen) {
    Tensor(parameter).requires_grad_(false);
  }
  return absl::OkStatus();
}

std::string CheckpointsIn(const std::string& run) { return JoinPath(run, "checkpoints"); }

// Reads a member of a checkpoint's adapter_config.json that is a string.
absl::StatusOr<std::string> PeftString(const std::string& path, const char* key,
                                       const Files& files) {
  ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  const auto json = ParseJson(text);
  const Json* found = json.ok() ? json->Find(key) : nullptr;
  if (found == nullptr || found->AsString() == nullptr) {
    return absl::DataLossError(absl::StrCat("'", path, "' has no text ", key));
  }
  return *found->AsString();
}

absl::Status LoadAdapters(const std::string& folder, const Files& files, Run* run) {
  const std::string path = JoinPath(folder, kAdapterConfig);
  ASSIGN_OR_RETURN(const std::string base, PeftString(path, "base_model_name_or_path", files));
  RETURN_IF_ERROR(BeginFrom(JoinPath(folder, base), files, run));
  RETURN_IF_ERROR(CheckBase(folder, files, *run));
  RETURN_IF_ERROR(LoadTensors(files, JoinPath(folder, kAdapters), run->adapters.Parameters()));
  run->adapters.Merge();
  return absl::OkStatus();
}

// Reads the config of a checkpoint folder, which was found for the path `run`.
absl::StatusOr<RunConfig> ConfigIn(const std::string& folder, const std::string& run,
                                   const Files& files) {
  if (files.Kind(run).value_or(PathKind::kNone) == PathKind::kFile) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", run, "' is a file; name the folder of a run, such as tessera train makes"));
  }
  const std::string path = JoinPath(folder, "config.toml");
  const auto toml = files.Read(path);
  if (!toml.ok()) {
    return absl::NotFoundError(absl::StrCat("'", run, "' is no run: ", toml.status().message()));
  }
  RunConfig config;
  RETURN_IF_ERROR(FromDump(*toml, path, {}, &config));
  return config;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const RunConfig& config, Split split,
                                                     std::shared_ptr<const Files> files) {
  ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                   OpenEvenIfEmpty(config, split, std::move(files)));
  if (split == Split::kTrain) {
    RETURN_IF_ERROR(CheckNotEmpty(*dataset, config.data));
  }
  return dataset;
}

absl::StatusOr<std::unique_ptr<Dataset>> OpenEvenIfEmpty(const RunConfig& config, Split split,
                                                         std::shared_ptr<const Files> files) {
  ASSIGN_OR_RETURN(const std::vector<PatchGrid> grids, ParseGrids(config.model.grids));
  int64_t height = 0, width = 0;
  for (const PatchGrid& grid : grids) {
    height = std::max(height, grid.rows * config.model.patch);
    width = std::max(width, grid.cols * config.model.patch);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                   MakeDataset(config.data, split, height, width, std::move(files)));
  return config.model.autoencoder.trained() ? PicturesAlone(std::move(dataset))
                                            : std::move(dataset);
}

absl::StatusOr<torch::Device> OpenDevice(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::kCpu:
      return torch::Device(torch::kCPU);
    case DeviceKind::kCuda:
      if (!torch::cuda::is_available()) {
        return absl::FailedPreconditionError(
            "device cuda: this machine, or the LibTorch that tessera was built with, has no CUDA; "
            "use cpu");
      }
      return torch::Device(torch::kCUDA, 0);
  }
  return absl::InternalError("unknown device");
}

absl::StatusOr<LayoutSpec> LayoutOf(const RunConfig& config, const Tokenizer& tokenizer) {
  ASSIGN_OR_RETURN(const std::vector<PatchGrid> grids, ParseGrids(config.model.grids));
  const int64_t given = config.tokenizer.ids, ids = given > 0 ? given : tokenizer.size();
  if (ids < tokenizer.size()) {
    return absl::InvalidArgumentError(absl::StrCat("tokenizer.ids = ", given,
                                                   ", but the tokenizer itself has ",
                                                   tokenizer.size(), "; leave the key out"));
  }
  LayoutSpec layout{Vocabulary(ids, static_cast<int64_t>(grids.size())),
                    grids,
                    config.model.patch,
                    config.data.fit,
                    config.data.show.prompt_weight,
                    config.train.row_length,
                    config.model.arrangement};
  RETURN_IF_ERROR(CheckLayout(layout));
  return layout;
}

absl::StatusOr<Run> MakeRun(const RunConfig& config, Tokenizer tokenizer) {
  ASSIGN_OR_RETURN(LayoutSpec layout, LayoutOf(config, tokenizer));
  torch::manual_seed(MixSeed(config.seed, static_cast<uint64_t>(Stream::kInit), 0));
  Run run{config, std::move(tokenizer), std::move(layout)};
  if (config.model.autoencoder.trained()) {
    const int64_t patch_dim = PatchDim(config.model.patch);
    run.autoencoder = std::make_shared<PatchAutoencoder>(config.model.autoencoder, patch_dim);
    run.learner = MakeAutoencoderLearner(run.autoencoder);
  } else {
    run.learner = run.model =
        std::make_shared<Model>(config.model, run.layout.vocabulary, run.layout.grids);
    run.autoencoder = run.model->autoencoder();
  }
  RETURN_IF_ERROR(Freeze(config.train.freeze, Parameters(*run.learner)));
  return run;
}

absl::StatusOr<Run> MakeUnfilledRun(const RunConfig& config, Tokenizer tokenizer) {
  const UnfilledScope unfilled;
  return MakeRun(config, std::move(tokenizer));
}

CheckpointFolder CheckpointsOf(const std::string& run, const Files& files) {
  return CheckpointFolder(files, CheckpointsIn(run));
}

absl::StatusOr<std::string> FindCheckpoint(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(CheckpointsIn(path)));
  if (kind != PathKind::kFolder) {
    return path;
  }
  const absl::StatusOr<Checkpoint> best = CheckpointsOf(path, files).Best();
  if (!best.ok()) {
    return absl::IsNotFound(best.status()) ? absl::StatusOr<std::string>(path) : best.status();
  }
  return best->path;
}

absl::StatusOr<RunConfig> ReadConfig(const std::string& run, const Files& files) {
  ASSIGN_OR_RETURN(const std::string checkpoint, FindCheckpoint(run, files));
  return ConfigIn(checkpoint, run, files);
}

absl::StatusOr<Run> LoadRun(const std::string& path, const Files& files, DeviceKind kind) {
  ASSIGN_OR_RETURN(const torch::Device device, OpenDevice(kind));
  ASSIGN_OR_RETURN(const std::string folder, FindCheckpoint(path, files));
  ASSIGN_OR_RETURN(const RunConfig config, ConfigIn(folder, path, files));
  ASSIGN_OR_RETURN(const std::string file, TokenizerIn(folder, files));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, ReadTokenizer(file, files));
  ASSIGN_OR_RETURN(Run run, MakeUnfilledRun(config, std::move(tokenizer)));
  run.learner->to(device);
  if (config.train.adapter.kind == AdapterKind::kNone) {
    RETURN_IF_ERROR(LoadTensors(files, JoinPath(folder, kAverage), Parameters(*run.learner)));
  } else {
    RETURN_IF_ERROR(LoadAdapters(folder, files, &run));
  }
  run.learner->eval();
  run.checkpoint = folder;
  return run;
}

NamedTensors Parameters(const torch::nn::Module& module) {
  NamedTensors parameters;
  for (const auto& item : module.named_parameters()) {
    parameters.emplace_back(item.key(), item.value());
  }
  for (const auto& item : module.named_buffers()) {
    parameters.emplace_back(item.key(), item.value());
  }
  return parameters;
}

NamedTensors Trained(const Run& run) {
  return run.adapters.empty() ? Parameters(*run.learner) : run.adapters.Parameters();
}

std::vector<Tensor> TrainedTensors(const Run& run) {
  std::vector<Tensor> tensors;
  for (const auto& [name, tensor] : Trained(run)) {
    tensors.push_back(tensor);
  }
  return tensors;
}

std::vector<CheckpointFile> PlainFiles(const Run& run) {
  RunConfig config = run.config;
  config.train.adapter = AdapterConfig();
  return {{kAverage, Parameters(*run.learner)},
          {run.tokenizer.file_name(), run.tokenizer.Serialized()},
          {"config.toml", ToToml(config)}};
}

absl::Status CheckBase(const std::string& checkpoint, const Files& files, const Run& run) {
  std::string is = run.adapters.base_hash();
  absl::StatusOr<std::string> was = files.Read(JoinPath(checkpoint, kBaseHash));
  if (absl::IsNotFound(was.status())) {  // an older checkpoint
    was = PeftString(JoinPath(checkpoint, kAdapterConfig), "revision", files);
    is = FormerBaseHash(Parameters(*run.learner));
  }
  RETURN_IF_ERROR(was.status());
  return *was == is ? absl::OkStatus()
                    : absl::FailedPreconditionError(
                          absl::StrCat("'", checkpoint, "' adapts a base with the hash ", *was,
                                       ", but the one that it names has ", is,
                                       "; put the base back that it was trained on"));
}

}  // namespace tessera
