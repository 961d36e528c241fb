// What steps of training change, and its files in a checkpoint: the parameters, or adapters on
// them; their average; what the optimizer remembers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "distributed/ranks.h"
#include "run/run.h"
#include "train/ema.h"
#include "train/optimizer/optimizer.h"

namespace tessera {

class TrainedWeights {
 public:
  // Changes what the run holds, which must outlive it.
  TrainedWeights(Run& run, const Ranks& ranks);

  // Takes the gradient of a step, which `add` adds up, and clips it to train.optimizer.clip.
  // Returns its norm before that.
  double TakeGradient(int64_t step, const std::function<void()>& add);

  // Moves the weights by the gradient that was taken last.
  void Follow(int64_t step, double lr_factor);

  // Calls `use` while the run holds the average, without gradients.
  absl::Status WithAverage(const std::function<absl::Status()>& use);

  // Called on all ranks, for rank 0 to write. Throws RankLost.
  std::vector<CheckpointFile> ToFiles() const;
  absl::Status Load(const std::string& checkpoint, const Files& files);

 private:
  absl::Status LoadOptimizer(const std::string& path, const Files& files);
  const char* average() const { return run_.adapters.empty() ? kAverage : kAdapters; }

  Run& run_;
  Optimizer optimizer_;
  Ema ema_;
};

}  // namespace tessera
