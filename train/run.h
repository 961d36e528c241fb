// A model and all that it needs to read and write Documents; how it is stored and found again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/files.h"
#include "data/layout.h"
#include "data/tokenizer.h"
#include "model/model.h"
#include "train/checkpoint.h"
#include "train/run_config.h"

namespace tessera {

struct Run {
  RunConfig config;
  Tokenizer tokenizer;
  LayoutSpec layout;
  std::shared_ptr<Model> model;
};

// A split of the run's data set, its pictures as large as the largest grid.
absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const RunConfig& config, Split split,
                                                     std::shared_ptr<const Files> files);

// The device that a run or a command asks for, if this machine and its LibTorch have one.
absl::StatusOr<torch::Device> OpenDevice(DeviceKind kind);

// A new model, on the CPU, its parameters drawn from config.seed.
absl::StatusOr<Run> MakeRun(const RunConfig& config, Tokenizer tokenizer);

// Where a run folder keeps its checkpoints.
CheckpointFolder CheckpointsOf(const std::string& run, const Files& files);

// The checkpoint that a path stands for: the best of a run folder, else the path itself.
std::string CheckpointAt(const std::string& path, const Files& files);

// The averaged parameters of the best checkpoint of a run folder, or of a checkpoint folder itself.
absl::StatusOr<Run> LoadRun(const std::string& path, const Files& files,
                            DeviceKind device = DeviceKind::kCpu);

NamedTensors Parameters(const Model& model);

}  // namespace tessera
