// What the measures and the report have in common: prompts that a run continues, in batches.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "distributed/ranks.h"
#include "run/run.h"

namespace tessera {

struct EvaluateOptions {
  int64_t count = 512;  // prompts and pictures
  int64_t batch = 64;   // of them at a time
  uint64_t seed = 0;
  bool exact_ode = false;  // a head that denoises is also measured along its flow
  std::function<void(const std::string& what, double share)> on_progress = {};
  const std::atomic<bool>* stop = nullptr;  // once it is set, what is not there yet stays empty
  Ranks ranks = {};  // which share the work out, and all get the whole answer
};

// Each prompt and its continuation, in order. Texts are the most probable ones with Until::kText.
// grid: of the pictures; without one the model chooses.
std::vector<Document> ContinueAll(const Run& run, const std::vector<Document>& prompts, Until until,
                                  const EvaluateOptions& options, std::optional<int64_t> grid = {});

// The pictures that follow the prompts, in order; fewer if it was stopped.
struct Drawn {
  std::vector<Image> images;
  double seconds = 0;  // that they took together
};
Drawn Draw(const Run& run, const std::vector<Document>& prompts, const EvaluateOptions& options,
           std::optional<int64_t> grid = {});

}  // namespace tessera
