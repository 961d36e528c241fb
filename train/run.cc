#include "train/run.h"

#include <torch/cuda.h>
#include <torch/utils.h>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/make_dataset.h"
#include "ops/random.h"

namespace tessera {

absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const RunConfig& config, Split split,
                                                     std::shared_ptr<const Files> files) {
  ASSIGN_OR_RETURN(const std::vector<PatchGrid> grids, ParseGrids(config.model.grids));
  int64_t height = 0, width = 0;
  for (const PatchGrid& grid : grids) {
    height = std::max(height, grid.rows * config.model.patch);
    width = std::max(width, grid.cols * config.model.patch);
  }
  return MakeDataset(config.data, split, height, width, std::move(files));
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

absl::StatusOr<Run> MakeRun(const RunConfig& config, Tokenizer tokenizer) {
  ASSIGN_OR_RETURN(std::vector<PatchGrid> grids, ParseGrids(config.model.grids));
  const Vocabulary vocabulary(tokenizer.size(), static_cast<int64_t>(grids.size()));
  LayoutSpec layout{vocabulary,
                    grids,
                    config.model.patch,
                    config.data.fit,
                    config.data.prompt_weight,
                    config.train.row_length};
  RETURN_IF_ERROR(CheckLayout(layout));
  torch::manual_seed(MixSeed(config.seed, static_cast<uint64_t>(Stream::kInit), 0));
  auto model = std::make_shared<Model>(config.model, vocabulary, grids);
  return Run{config, std::move(tokenizer), std::move(layout), std::move(model)};
}

CheckpointFolder CheckpointsOf(const std::string& run, const Files& files) {
  return CheckpointFolder(files, JoinPath(run, "checkpoints"));
}

std::string CheckpointAt(const std::string& path, const Files& files) {
  const auto best = CheckpointsOf(path, files).Best();
  return best.ok() ? best->path : path;
}

absl::StatusOr<Run> LoadRun(const std::string& path, const Files& files, DeviceKind kind) {
  ASSIGN_OR_RETURN(const torch::Device device, OpenDevice(kind));
  const std::string folder = CheckpointAt(path, files);
  const std::string config_path = JoinPath(folder, "config.toml");
  const auto toml = files.Read(config_path);
  if (!toml.ok()) {
    return absl::NotFoundError(absl::StrCat("'", path, "' is no run: ", toml.status().message()));
  }
  RunConfig config;
  RETURN_IF_ERROR(FromToml(*toml, config_path, {}, &config));
  ASSIGN_OR_RETURN(std::string model, files.Read(JoinPath(folder, "tokenizer.model")));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::Parse(std::move(model)));
  ASSIGN_OR_RETURN(Run run, MakeRun(config, std::move(tokenizer)));
  const std::string weights = JoinPath(folder, "ema.safetensors");
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files, weights));
  RETURN_IF_ERROR(CopyByName(tensors, weights, Parameters(*run.model)));
  run.model->to(device);
  run.model->eval();
  return run;
}

NamedTensors Parameters(const Model& model) {
  NamedTensors parameters;
  for (const auto& item : model.named_parameters()) {
    parameters.emplace_back(item.key(), item.value());
  }
  return parameters;
}

}  // namespace tessera
