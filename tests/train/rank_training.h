// Tiny runs of several ranks.
#pragma once

#include "tests/distributed/fork_ranks.h"
#include "tests/train/tiny_run.h"

namespace tessera {

struct RankOptions {
  bool resume = false;
  std::string from = {};
  int64_t stop_after = 0;  // as a signal to rank 1, or to the only one, stops a run
};

// Trains on `count` ranks.
inline void TrainOnRanks(int64_t count, const RunConfig& config, const std::string& out,
                         const RankOptions& options = {}) {
  OnRanks(count, [&](const Ranks& ranks) {
    std::atomic<bool> stop = false;
    int64_t step = 0;
    TrainHooks hooks;
    hooks.stop = &stop;
    hooks.on_evaluate = config.model.autoencoder.trained() ? nullptr : NormAsLoss;
    hooks.on_step = [&] {
      ++step;
      stop = stop || (step == options.stop_after && ranks.rank() == ranks.size() - 1);
    };
    const absl::Status trained = Train(config, {out, options.from, options.resume},
                                       std::make_shared<const Files>(), hooks, ranks);
    EXPECT_TRUE(trained.ok()) << trained;
    EXPECT_EQ(stop, options.stop_after > 0) << "a stop of one rank is a stop of all";
  });
}

}  // namespace tessera
