#include "train/trained_weights.h"

#include "config/status.h"
#include "run/parameter_role.h"

namespace tessera {
namespace {

constexpr char kOptimizer[] = "optimizer.safetensors";

}  // namespace

TrainedWeights::TrainedWeights(Run& run)
    : run_(run),
      optimizer_(Trained(run), RolesInTraining(*run.learner), run.config.train),
      ema_(Trained(run), run.config.train.ema) {}

double TrainedWeights::TakeGradient(int64_t step, const std::function<void()>& add) {
  optimizer_.ZeroGrad();
  run_.adapters.DropInputs(step);
  add();
  run_.adapters.CollectGradients();
  return optimizer_.ClipGradients(run_.config.train.optimizer.clip);
}

void TrainedWeights::Follow(int64_t step, double lr_factor) {
  optimizer_.Step(lr_factor);
  run_.adapters.Apply();
  ema_.Update(step);
}

absl::Status TrainedWeights::WithAverage(const std::function<absl::Status()>& use) {
  const torch::NoGradGuard no_grad;
  absl::Status status;
  {
    const EmaScope averaged(ema_);
    run_.adapters.Apply();
    status = use();
  }
  run_.adapters.Apply();
  return status;
}

std::vector<CheckpointFile> TrainedWeights::ToFiles() const {
  std::vector<CheckpointFile> files = {
      {kWeights, Trained(run_)}, {average(), ema_.State()}, {kOptimizer, optimizer_.State()}};
  if (!run_.adapters.empty()) {
    files.push_back(
        {kAdapterConfig, PeftConfig(run_.config.train.adapter, run_.adapters, "../../base")});
  }
  return files;
}

absl::Status TrainedWeights::Load(const std::string& checkpoint, const Files& files) {
  const auto load = [&](const char* name, const NamedTensors& into) {
    return LoadTensors(files, JoinPath(checkpoint, name), into);
  };
  RETURN_IF_ERROR(load(kWeights, Trained(run_)));
  RETURN_IF_ERROR(load(average(), ema_.State()));
  RETURN_IF_ERROR(load(kOptimizer, optimizer_.State()));
  if (!run_.adapters.empty()) {
    RETURN_IF_ERROR(CheckBase(checkpoint, files, run_.adapters));
  }
  run_.adapters.Apply();
  return absl::OkStatus();
}

}  // namespace tessera
