// A model and all that it needs to read and write Documents, or an autoencoder of patches; how it
// is stored and found again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/text/tokenizer.h"
#include "files/files.h"
#include "model/model.h"
#include "run/adapter.h"
#include "run/checkpoint.h"
#include "run/run_config.h"
#include "sequence/layout.h"

namespace tessera {

struct Run {
  RunConfig config;
  Tokenizer tokenizer;
  LayoutSpec layout;
  // What is trained and stored: the model if there is one, else the autoencoder, which a model may
  // have besides.
  std::shared_ptr<Learner> learner = nullptr;
  std::shared_ptr<Model> model = nullptr;
  std::shared_ptr<PatchAutoencoder> autoencoder = nullptr;
  Adapters adapters = {};       // whose changes the matrices hold, if any
  std::string checkpoint = {};  // the folder that LoadRun read it from; a new run has none
  // Fitted to the model for config.generate; null unless the sampler is amed (run/amed_file.h).
  std::shared_ptr<AmedPredictor> amed = nullptr;
};

// Opens a split of the run's data set, with pictures as large as the largest grid. An autoencoder
// gets documents without texts. A training split without documents is an error.
absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const RunConfig& config, Split split,
                                                     std::shared_ptr<const Files> files);

// OpenDataset, but an empty training split is none the less a data set.
absl::StatusOr<std::unique_ptr<Dataset>> OpenEvenIfEmpty(const RunConfig& config, Split split,
                                                         std::shared_ptr<const Files> files);

// Returns the device that a run or a command asks for, if this machine and its LibTorch have one.
absl::StatusOr<torch::Device> OpenDevice(DeviceKind kind);

// Returns how the run's documents become sequences, if its pictures have room in a row.
absl::StatusOr<LayoutSpec> LayoutOf(const RunConfig& config, const Tokenizer& tokenizer);

// Makes a new learner on the CPU, whose parameters are drawn from config.seed. Those that
// train.freeze names need no gradient.
absl::StatusOr<Run> MakeRun(const RunConfig& config, Tokenizer tokenizer);

// MakeRun for a learner that is then read from files: its large matrices are not drawn, and take no
// memory before something is written there.
absl::StatusOr<Run> MakeUnfilledRun(const RunConfig& config, Tokenizer tokenizer);

// Returns where a run folder keeps its checkpoints.
CheckpointFolder CheckpointsOf(const std::string& run, const Files& files);

// Returns the best checkpoint of a run folder, or path itself if it holds none.
absl::StatusOr<std::string> FindCheckpoint(const std::string& path, const Files& files);

// Reads the config of FindCheckpoint.
absl::StatusOr<RunConfig> ReadConfig(const std::string& run, const Files& files);

// Loads the averaged parameters of FindCheckpoint; with adapters, those of the base, changed.
absl::StatusOr<Run> LoadRun(const std::string& path, const Files& files,
                            DeviceKind device = DeviceKind::kCpu);

// Returns the parameters and the buffers: a codebook of averages is a buffer.
NamedTensors Parameters(const torch::nn::Module& module);

// Returns what a step changes, the parameters or adapters on them, under their names in the files.
NamedTensors Trained(const Run& run);

// Trained without the names.
std::vector<Tensor> TrainedTensors(const Run& run);

// Returns the files that LoadRun would read, in which adapters are part of the weights.
std::vector<CheckpointFile> PlainFiles(const Run& run);

// Checks that a checkpoint's adapters were trained on the base that they are now attached to, and
// not yet folded into.
absl::Status CheckBase(const std::string& checkpoint, const Files& files, const Run& run);

inline constexpr char kAccount[] = "data.txt";  // of a run folder: what it was trained on

// Files of a checkpoint.
inline constexpr char kWeights[] = "model.safetensors";           // what is trained
inline constexpr char kAverage[] = "ema.safetensors";             // its average over the steps
inline constexpr char kAdapters[] = "adapter_model.safetensors";  // the average of adapters
inline constexpr char kAdapterConfig[] = "adapter_config.json";   // their settings
inline constexpr char kBaseHash[] = "base_hash.txt";              // and what they adapt

}  // namespace tessera
