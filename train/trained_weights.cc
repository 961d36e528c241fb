#include "train/trained_weights.h"

#include <algorithm>
#include <set>

#include "config/status.h"
#include "run/parameter_role.h"

namespace tessera {
namespace {

constexpr char kOptimizer[] = "optimizer.safetensors";

}  // namespace

TrainedWeights::TrainedWeights(Run& run, const Ranks& ranks)
    : run_(run),
      optimizer_(Trained(run), RolesInTraining(*run.learner), run.config.train, ranks),
      ema_(Trained(run), run.config.train.ema) {}

double TrainedWeights::TakeGradient(int64_t step, const std::function<void()>& add) {
  optimizer_.ZeroGrad();
  {
    const LowRankScope adapted(run_.adapters.ChangesInStep(step));
    add();
  }
  return optimizer_.ClipGradients(run_.config.train.optimizer.clip);
}

void TrainedWeights::Follow(int64_t step, double lr_factor) {
  optimizer_.Step(lr_factor);
  ema_.Update(step);
}

absl::Status TrainedWeights::WithAverage(const std::function<absl::Status()>& use) {
  const torch::NoGradGuard no_grad;
  const EmaScope averaged(ema_);
  const FoldedScope folded(run_.adapters);
  return use();
}

std::vector<CheckpointFile> TrainedWeights::ToFiles() const {
  std::vector<CheckpointFile> files = {
      {kWeights, Trained(run_)}, {average(), ema_.State()}, {kOptimizer, optimizer_.WholeState()}};
  if (!run_.adapters.empty()) {
    files.push_back(
        {kAdapterConfig, PeftConfig(run_.config.train.adapter, run_.adapters, "../../base")});
    files.push_back({kBaseHash, run_.adapters.base_hash()});
  }
  return files;
}

absl::Status TrainedWeights::Load(const std::string& checkpoint, const Files& files) {
  const auto load = [&](const char* name, const NamedTensors& into) {
    return LoadTensors(files, JoinPath(checkpoint, name), into);
  };
  RETURN_IF_ERROR(load(kWeights, Trained(run_)));
  RETURN_IF_ERROR(load(average(), ema_.State()));
  RETURN_IF_ERROR(LoadOptimizer(JoinPath(checkpoint, kOptimizer), files));
  if (!run_.adapters.empty()) {
    RETURN_IF_ERROR(CheckBase(checkpoint, files, run_));
  }
  return absl::OkStatus();
}

// The file holds the state of all ranks.
absl::Status TrainedWeights::LoadOptimizer(const std::string& path, const Files& files) {
  const NamedTensors into = optimizer_.State();
  if (optimizer_.whole()) {
    return LoadTensors(files, path, into);
  }
  ASSIGN_OR_RETURN(NamedTensors all, ReadTensors(files, path));
  std::set<std::string> mine;
  std::ranges::transform(into, std::inserter(mine, mine.end()), &NamedTensors::value_type::first);
  std::erase_if(all, [&](const auto& named) { return !mine.contains(named.first); });
  return CopyByName(all, path, into);
}

}  // namespace tessera
